"""Answers for the pages behind the front page, and for what they fetch afterwards."""

from alerting.inbox.web.desk.charts import Charts
from alerting.inbox.web.desk.history import History
from alerting.inbox.web.desk.path import Path
from alerting.inbox.web.desk.routes import Desk, add_desk
from alerting.inbox.web.desk.runbooks import Runbooks
from alerting.inbox.web.desk.slos import Slos

__all__ = ["Charts", "Desk", "History", "Path", "Runbooks", "Slos", "add_desk"]
