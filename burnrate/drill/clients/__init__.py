"""What a drill asks Prometheus, Alertmanager and the inbox over HTTP, and Loki's rule files."""

from burnrate.drill.clients.alertmanager_api import AlertmanagerApi, RouteTiming, WebhookCounters
from burnrate.drill.clients.inbox_api import Episode, InboxApi
from burnrate.drill.clients.loki_rules import loki_ranges, read_loki_rules
from burnrate.drill.clients.prometheus_api import PrometheusApi, Rule

__all__ = [
    "AlertmanagerApi",
    "Episode",
    "InboxApi",
    "PrometheusApi",
    "RouteTiming",
    "Rule",
    "WebhookCounters",
    "loki_ranges",
    "read_loki_rules",
]
