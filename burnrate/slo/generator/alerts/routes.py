"""RouteFailing: one route fails, and all others are so many that the SLO does not notice."""

from fractions import Fraction
from typing import Final
from urllib.parse import quote, urlencode

from burnrate.slo.generator.alerts.burn import alert_labels
from burnrate.slo.generator.links import slo_links
from burnrate.slo.generator.windows import Rule
from burnrate.slo.specification import Routes, Slo, number
from burnrate.slo.windows import H1, M5, Window

_THRESHOLD: Final = "slo:route_failing:ratio"
# Fewer in an hour, and a single client that tries again and again would wake somebody. Less a half,
# since increase() extrapolates.
_FAILURES: Final = 10
_TOLERANCE: Final = 0.5
# The route's users feel ten times what a page is for; half of a route's requests are enough for
# any objective.
_TIMES: Final = 10
_MOST: Final = Fraction(1, 2)
# Our dashboards, by their uids.
_OVERVIEW: Final = "burnrate-overview"
_TRACES: Final = "burnrate-traces"


def route_rules(slo: Slo) -> list[Rule]:
    """Return the threshold and the page; none where routes are unknown or nothing pages."""
    pages = [tier for tier in slo.tiers if tier.severity == "page"]
    if slo.routes is None or not pages:
        return []
    fastest = min(pages, key=lambda tier: tier.long.seconds)
    threshold = min(_TIMES * slo.threshold(fastest), _MOST)
    record = {
        "record": _THRESHOLD,
        "expr": f"vector({number(threshold)})",
        "labels": dict(slo.labels),
    }
    return [record, _alert(slo, slo.routes)]


def _alert(slo: Slo, routes: Routes) -> Rule:
    alerting = slo.spec.alerting
    failed = _count(routes, routes.failed, H1)
    return {
        "alert": "RouteFailing",
        # The last minutes end it only if there were requests: none is no recovery.
        "expr": (
            f"{_ratio(routes, H1)} > {_limit(slo)} and {failed} > {_FAILURES - _TOLERANCE:g}"
            f" unless ({_count(routes, routes.counted, M5)} > 0"
            f" unless {_ratio(routes, M5)} > {_limit(slo)})"
        ),
        "labels": alert_labels(slo, "page", {**alerting.labels, **alerting.page_alert.labels}),
        "annotations": {
            "summary": f"{_named(routes)} of {slo.service} fails.",
            "description": _description(slo, routes),
            **slo_links(slo, "RouteFailing"),
            **_traces(slo, routes),
            **alerting.annotations,
            **alerting.page_alert.annotations,
        },
    }


def _description(slo: Slo, routes: Routes) -> str:
    return (
        f"{{{{ $value | humanizePercentage }}}} of the requests to {_named(routes)} failed in the"
        f" last hour, at least {_FAILURES} of them, and it goes on. Who uses this route feels it,"
        f" even if the budget of {slo.name} does not. What to do: undo what was released or"
        " configured when it began; the traces of the route show what fails."
    )


def _named(routes: Routes) -> str:
    return " ".join(f"{{{{ $labels.{name} }}}}" for name in routes.labels)


def _traces(slo: Slo, routes: Routes) -> dict[str, str]:
    """Return the link to the route's failing traces; it is beside our own dashboard."""
    folder, _, dashboard_uid = slo.dashboard.rpartition("/")
    if dashboard_uid != _OVERVIEW:
        return {}
    chosen = urlencode(
        {f"var-{name}": value for name, value in slo.identity.items()}, quote_via=quote
    )
    route = f"&var-route={{{{ $labels.{routes.route} | urlquery }}}}"
    return {"trace_url": f"{folder}/{_TRACES}?{chosen}{route}"}


def _limit(slo: Slo) -> str:
    return f"on () group_left () max({_THRESHOLD}{slo.selector})"


def _ratio(routes: Routes, window: Window) -> str:
    return f"{_count(routes, routes.failed, window)} / {_count(routes, routes.counted, window)}"


def _count(routes: Routes, counter: str, window: Window) -> str:
    return f"sum by ({', '.join(routes.labels)}) (increase({counter}[{window.name}]))"
