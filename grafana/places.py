"""Where each dashboard is, and the links between them; every link keeps time range and service."""

from enum import StrEnum
from typing import Final

from grafana_foundation_sdk.builders import dashboard as dashboard_builders
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

# What the links above each dashboard list.
TAG: Final = "burnrate"


class Uid(StrEnum):
    """A dashboard's address: alerts, bookmarks and links hold it, so it never changes."""

    SERVICES = "burnrate-services"
    OVERVIEW = "burnrate-overview"
    SERVICE = "burnrate-service"
    SATURATION = "burnrate-saturation"
    LOGS = "burnrate-logs"
    TRACES = "burnrate-traces"
    POSTGRES = "burnrate-postgres"
    REDIS = "burnrate-redis"
    NGINX = "burnrate-nginx"
    HOST = "burnrate-host"
    STACK = "burnrate-stack"


def above_each_dashboard() -> dashboard_builders.DashboardLink:
    """Return the menu of links to all dashboards: a button, where a row of them takes two lines."""
    return (
        dashboard_builders.DashboardLink("Dashboards")
        .type(DashboardLinkType.DASHBOARDS)
        .as_dropdown(as_dropdown=True)
        .tags([TAG])
        .keep_time(keep_time=True)
        .include_vars(include_vars=True)
    )


def to(uid: Uid, title: str, **variables: str) -> dashboard_builders.DashboardLink:
    """Return a link to a dashboard with these variables besides time range and service.

    It is relative to where Grafana is: before 10, Grafana leaves the path below which it may be out
    of a link that begins with a slash, where it is opened in a new tab.
    """
    chosen = {"service": "${service}", **variables}
    query = "&".join(f"var-{name}={value}" for name, value in chosen.items())
    return dashboard_builders.DashboardLink(title).url(f"d/{uid}?{query}&${{__url_time_range}}")


def field(name: str) -> str:
    """Return what stands in a link for the value of a column in the clicked row."""
    return f'${{__data.fields["{name}"]:percentencode}}'
