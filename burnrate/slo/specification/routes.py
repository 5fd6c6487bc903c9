"""Which requests are counted route by route, so that one that fails is seen among many."""

from dataclasses import dataclass
from pathlib import Path

import promql_parser

from burnrate.promql import parse, selected, selectors, walk
from burnrate.slo.errors import SpecError
from burnrate.slo.specification.queries import QueryProblem, plain
from burnrate.slo.specification.settings import ByRoute, RatioSettings
from burnrate.slo.specification.sloth import Events

# Any window will do to find out what a query selects.
_EXAMPLE = "5m"


@dataclass(frozen=True)
class Routes:
    """Counters of an SLO's requests that still have their routes.

    Attributes:
        counted: A selector of all requests, without a range.
        failed: The same of those that failed.
        route: The label that names a route.
        labels: What one alert is about: the route, and what tells its requests apart.
    """

    counted: str
    failed: str
    route: str
    labels: tuple[str, ...]


def routes_of(settings: RatioSettings, filled: Events, file: Path, path: str) -> Routes | None:
    """Return what the settings say, or what the queries select by route; else None.

    Args:
        settings: The SLO's.
        filled: Its queries, with any window.
        file: The settings' file, for the error.
        path: The SLO's path in it, for the error.

    Raises:
        SpecError: what the settings say is no selector.
    """
    if settings.by_route is not None:
        return _told(settings.by_route, file, f"{path}.by_route")
    route = _route_label(settings)
    counted, failed = (_counter(query, route) for query in (filled.total_query, filled.error_query))
    if counted is None or failed is None:
        return None
    return Routes(counted, failed, route, ("method", route))


def _told(told: ByRoute, file: Path, path: str) -> Routes:
    for field, text in (("counted", told.counted), ("failed", told.failed)):
        try:
            is_selector = isinstance(plain(text), promql_parser.VectorSelector)
        except QueryProblem as problem:
            raise SpecError(file, f"{path}.{field}", problem.reason) from problem
        if not is_selector:
            raise SpecError(file, f"{path}.{field}", 'must be a selector: name{label="value"}')
    labels = tuple(dict.fromkeys([*told.labels, told.route]))
    return Routes(told.counted, told.failed, told.route, labels)


def _route_label(settings: RatioSettings) -> str:
    if settings.routes is None:
        return "endpoint"
    (found,) = selectors(f"any{{{settings.routes}}}")
    return next(each.label for each in found.matchers if each.label != "__name__")


def _counter(query: str, route: str) -> str | None:
    """Return the one selector that chooses among routes; one that has a single route does not."""
    found = {
        selected(node).text
        for node in walk(parse(query))
        if isinstance(node, promql_parser.VectorSelector)
        and any(
            each.name == route and each.op != promql_parser.MatchOp.Equal
            for each in node.matchers.matchers
        )
    }
    return found.pop() if len(found) == 1 else None
