"""What the inbox answers over HTTP: the webhook, the API, the stream, the pages, the runbooks."""

from alerting.inbox.web.actions import Actions
from alerting.inbox.web.alerts import Alerts
from alerting.inbox.web.delivery import Tokens, Webhook
from alerting.inbox.web.desk import Charts, Desk, History, Path, Runbooks, Slos
from alerting.inbox.web.error_handlers import add_error_handlers
from alerting.inbox.web.glance import Glance
from alerting.inbox.web.health import Health
from alerting.inbox.web.incidents import Incidents
from alerting.inbox.web.pages import Pages
from alerting.inbox.web.requests import BodyLimits, EntranceMiddleware, HeadMiddleware, Hosts
from alerting.inbox.web.routes import Endpoints, make_router
from alerting.inbox.web.silencing import About, Silences
from alerting.inbox.web.stream import Stream

__all__ = [
    "About",
    "Actions",
    "Alerts",
    "BodyLimits",
    "Charts",
    "Desk",
    "Endpoints",
    "EntranceMiddleware",
    "Glance",
    "HeadMiddleware",
    "Health",
    "History",
    "Hosts",
    "Incidents",
    "Pages",
    "Path",
    "Runbooks",
    "Silences",
    "Slos",
    "Stream",
    "Tokens",
    "Webhook",
    "add_error_handlers",
    "make_router",
]
