"""Traces of a service: failing, slow, and the newest."""

from typing import Final

from grafana.frame import (
    Page,
    Row,
    alerts_of_service,
    route_variable,
    service_variable,
    slow_variable,
)
from grafana.lines import trace_table
from grafana.places import Uid
from grafana.promises import Promises

# A request's own span; a route that was not matched has no such attribute, hence `=~`.
# A session of a WebSocket is long, and no slow request.
_OURS: Final = (
    'resource.service.name = "$service" && span.http.route =~ "$route"'
    ' && span.http.request.method != "WEBSOCKET"'
)


def page(promises: Promises) -> Page:
    """Return the dashboard of traces, for a team's promises."""
    return Page(
        uid=Uid.TRACES,
        title="Traces",
        description="One request through service, database, cache and other services.",
        variables=(service_variable(), route_variable(), slow_variable(promises.slow_seconds)),
        annotations=(alerts_of_service(),),
        has_traces=True,
        rows=(
            Row(
                "Where did it go wrong?",
                [
                    trace_table(
                        "Failing requests",
                        "Where do requests fail? Traces with an error in the service; open one to "
                        "see the span that failed. Empty on a healthy service.",
                        f"{{ {_OURS} && status = error }}",
                        empty="no failing request was traced in this time range",
                    ),
                    trace_table(
                        "Slow requests",
                        "Where does the time go? Traces of requests above the latency "
                        "objective's threshold. Empty while all are fast.",
                        f"{{ {_OURS} && duration > ${{slow}}s }}",
                        empty="no slow request was traced in this time range",
                    ),
                    trace_table(
                        "Newest requests",
                        "What does a typical request do? The newest traces of the chosen route.",
                        f"{{ {_OURS} }}",
                        empty="no request was traced in this time range; by default one in ten is",
                    ),
                ],
            ),
        ),
    )
