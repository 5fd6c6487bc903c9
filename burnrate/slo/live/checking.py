"""All that would make the SLOs of services silently empty, by one Prometheus."""

from collections.abc import Iterator, Sequence

from burnrate.promql import Selector, selectors
from burnrate.slo.live.buckets import misplaced, without_bound
from burnrate.slo.live.doubling import doubled
from burnrate.slo.live.finding import Finding
from burnrate.slo.live.movement import falling, unmoved
from burnrate.slo.live.presence import missing
from burnrate.slo.live.prometheus import Prometheus
from burnrate.slo.specification import Service, Slo

_WINDOW = "5m"


def looked_up(url: str, services: Sequence[Service]) -> list[Finding]:
    """Return what a Prometheus says about services, SLO by SLO.

    Args:
        url: Its address.
        services: Those.

    Raises:
        NoAnswer: Prometheus does not answer, or refuses a query.
    """
    with Prometheus(url) as prometheus:
        return [
            finding
            for service in services
            for slo in service.slos
            for finding in dict.fromkeys(_findings(prometheus, slo))
        ]


def _findings(prometheus: Prometheus, slo: Slo) -> Iterator[Finding]:
    total, bad = (_read(query(_WINDOW)) for query in (slo.total_query, slo.error_query))
    counted = _counted(slo, total)
    has_some = any(prometheus.count(without_bound(each)) for each in counted)
    there = []
    for each in sorted({*total, *bad}, key=str):
        # Failures may not have been yet, nor what is added to other events where there is any.
        may_come = not each.of("le") and (each not in counted or has_some)
        found = missing(prometheus, slo, without_bound(each), may_come=may_come)
        yield from found
        if not found:
            there.append(each)
            yield from misplaced(prometheus, slo, each)
            yield from falling(prometheus, slo, each)
            yield from doubled(prometheus, slo, each)
    yield from unmoved(prometheus, slo, [each for each in there if each in counted])


def _read(query: str) -> set[Selector]:
    # By how it is grouped and over which range makes no difference here.
    return {Selector(each.matchers) for each in selectors(query) if each.name}


def _counted(slo: Slo, total: set[Selector]) -> set[Selector]:
    """Return what counts all events, without what is subtracted from them."""
    added = {Selector(each.selector.matchers) for each in slo.terms("total") if each.is_added}
    return added or total
