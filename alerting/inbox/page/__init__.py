"""The inbox's pages for people: rendered here, kept live by one small script."""

from alerting.inbox.page.alert import NO_SUCH_ALERT, STORE_UNAVAILABLE, alert_page
from alerting.inbox.page.cards import alert_title
from alerting.inbox.page.desk import (
    About,
    PathHealth,
    RunbookFiles,
    Surroundings,
    history_page,
    no_such_slo,
    path_page,
    routes_part,
    runbook_page,
    service_page,
    slo_page,
)
from alerting.inbox.page.desk import default_for as default_range
from alerting.inbox.page.desk import seconds_of as range_seconds
from alerting.inbox.page.front import front_page, front_query, state_of
from alerting.inbox.page.incident import NO_SUCH_INCIDENT, incident_page
from alerting.inbox.page.layout import asset, desk_fragment, fragment, page
from alerting.inbox.page.links import Links
from alerting.inbox.page.overview import OverviewReader
from alerting.inbox.page.rendering import Content
from alerting.inbox.page.silencing import (
    NO_ALERTMANAGER,
    SilenceForm,
    choices_of_alert,
    choices_of_incident,
    silence_form_page,
    silences_page,
)

__all__ = [
    "NO_ALERTMANAGER",
    "NO_SUCH_ALERT",
    "NO_SUCH_INCIDENT",
    "STORE_UNAVAILABLE",
    "About",
    "Content",
    "Links",
    "OverviewReader",
    "PathHealth",
    "RunbookFiles",
    "SilenceForm",
    "Surroundings",
    "alert_page",
    "alert_title",
    "asset",
    "choices_of_alert",
    "choices_of_incident",
    "default_range",
    "desk_fragment",
    "fragment",
    "front_page",
    "front_query",
    "history_page",
    "incident_page",
    "no_such_slo",
    "page",
    "path_page",
    "range_seconds",
    "routes_part",
    "runbook_page",
    "service_page",
    "silence_form_page",
    "silences_page",
    "slo_page",
    "state_of",
]
