"""The inbox's pages for people: rendered here, kept live by one small script."""

from alerting.inbox.page.alert import NO_SUCH_ALERT, STORE_UNAVAILABLE, alert_page
from alerting.inbox.page.front import front_page
from alerting.inbox.page.incident import NO_SUCH_INCIDENT, incident_page
from alerting.inbox.page.layout import asset, fragment, page
from alerting.inbox.page.links import Links
from alerting.inbox.page.overview import OverviewReader
from alerting.inbox.page.rendering import Content

__all__ = [
    "NO_SUCH_ALERT",
    "NO_SUCH_INCIDENT",
    "STORE_UNAVAILABLE",
    "Content",
    "Links",
    "OverviewReader",
    "alert_page",
    "asset",
    "fragment",
    "front_page",
    "incident_page",
    "page",
]
