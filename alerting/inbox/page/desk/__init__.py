"""The pages behind the front page: SLOs, services, runbooks, what was, and the path of alerts."""

from alerting.inbox.page.desk.asked import About
from alerting.inbox.page.desk.history import history_page
from alerting.inbox.page.desk.path import PathHealth, path_page
from alerting.inbox.page.desk.ranges import default_for, seconds_of
from alerting.inbox.page.desk.runbook import Surroundings, runbook_page
from alerting.inbox.page.desk.runbook_files import RunbookFiles
from alerting.inbox.page.desk.service import service_page
from alerting.inbox.page.desk.slo import no_such_slo, routes_part, slo_page

__all__ = [
    "About",
    "PathHealth",
    "RunbookFiles",
    "Surroundings",
    "default_for",
    "history_page",
    "no_such_slo",
    "path_page",
    "routes_part",
    "runbook_page",
    "seconds_of",
    "service_page",
    "slo_page",
]
