"""The SLIs availability and latency of a source: sums and differences of counters."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from burnrate.promql import Matcher, Selector
from burnrate.slo.specification.settings import ByRoute, LatencySettings, RatioSettings
from burnrate.slo.specification.sloth import Events
from burnrate.slo.specification.sources.asked import Asked
from burnrate.slo.specification.sources.source import Durations, Source

_WINDOW: Final = "[{{.window}}]"
_UNITS: Final = {"s": Decimal(1), "ms": Decimal(1000)}


class SourceProblem(Exception):
    """What is asked cannot be had from a source; the message says why."""


@dataclass(frozen=True)
class Sli:
    """One SLI, with the settings that go with it.

    Attributes:
        description: What is counted, for people.
        notes: Its limits.
    """

    events: Events
    settings: RatioSettings | LatencySettings
    description: str
    notes: tuple[str, ...] = ()


def availability(source: Source, asked: Asked) -> Sli:
    """Return the part of requests that did not fail.

    Raises:
        SourceProblem: the source cannot tell what is asked.
    """
    chosen = _chosen(source, asked)
    has_failed = Matcher(source.status, "=~", source.failed)
    failed = _selector(source.requests, [*chosen, *_of_users(source, asked), has_failed])
    counted = [*chosen, *_matched(source, asked), *_without(source.status, source.neither)]
    total = [_rate(_selector(source.requests, counted))]
    if source.unmatched is not None and source.route is not None:
        met_none = Matcher(source.route, "=", source.unmatched)
        total.append(_also(_selector(source.requests, [*chosen, met_none, has_failed])))
    made = Events(error_query=_rate(failed), total_query=" ".join(total))
    by_route = _by_route(source, chosen, asked) if source.route else None
    good, bad = (
        _example(source, asked, source.requests, {source.status: status})
        for status in (source.example.good, source.example.failed)
    )
    settings = RatioSettings(
        kind="ratio", job=_own_job(source, asked), by_route=by_route, good=(good,), bad=(bad,)
    )
    return Sli(made, settings, "Requests are answered without a failure.", source.notes)


def latency(
    source: Source,
    asked: Asked,
    threshold: Decimal,
    *,
    routes: str | None = None,
    buckets: Sequence[float] | None = None,
) -> Sli:
    """Return the part of requests that were answered within a threshold.

    Args:
        source: Where requests are counted.
        asked: Whose.
        threshold: In seconds.
        routes: A pattern of the routes, of those that are counted at all.
        buckets: The first histogram's bounds, where the team has chosen others, in its unit.

    Raises:
        SourceProblem: the threshold is no bound, or the source cannot tell the routes apart.
    """
    histogram = _histogram(source, threshold, buckets)
    if routes is not None and (source.route is None or "route" not in histogram.labels):
        raise SourceProblem(f"{histogram.histogram} has no label of the route")
    bound = float(threshold * _UNITS[histogram.unit])
    matchers = [*_chosen(source, asked), *_of_histogram(source, histogram, asked)]
    if routes is not None and source.route is not None:
        matchers.append(Matcher(source.route, "=~", routes))
    count = _rate(_selector(f"{histogram.histogram}_count", matchers))
    le = Matcher("le", "=~", le_pattern(bound))
    bucket = _rate(_selector(f"{histogram.histogram}_bucket", [*matchers, le]))
    total = [count, *_subtracted(source, histogram, asked, routes)]
    status = {_status(source, histogram): histogram.good or source.example.good}
    shown = status if "status" in histogram.labels else {}
    good, bucketed = (
        _example(source, asked, f"{histogram.histogram}_{what}", shown, histogram, extra)
        for what, extra in (("count", {}), ("bucket", {"le": f"{bound:g}"}))
    )
    settings = LatencySettings(
        kind="latency",
        job=_own_job(source, asked),
        unit=histogram.unit,
        buckets=histogram.buckets,
        # Where the source's example is none of the routes, one is found from the queries.
        good=(good, bucketed) if _fits(routes, source) else (),
        bad=(good,) if _fits(routes, source) else (),
    )
    notes = [] if "status" in histogram.labels else [
        f"{histogram.histogram} has no status: failures count by how fast they were"
    ]  # fmt: skip
    return Sli(
        Events(error_query=f"{count} - {bucket}", total_query=" ".join(total)),
        settings,
        f"Requests are answered within {_shown(threshold)}.",
        (*source.notes, *notes),
    )


def _fits(routes: str | None, source: Source) -> bool:
    try:
        return routes is None or re.fullmatch(routes, source.example.route) is not None
    except re.error:
        # Go knows patterns that Python does not.
        return False


def le_pattern(bound: float) -> str:
    """Return a pattern of how exporters write a bound: `1`, `1.0`; `0.25`, `0.250`."""
    text = f"{bound:.12g}"
    if "." in text:
        return text.replace(".", "\\.") + "0*"
    return f"{text}(\\.0+)?"


def _histogram(source: Source, threshold: Decimal, buckets: Sequence[float] | None) -> Durations:
    if not source.durations:
        raise SourceProblem("it measures no durations: name another `source` for latency")
    first, *rest = source.durations
    known = [first if buckets is None else first.model_copy(update={"buckets": tuple(buckets)})]
    for each in [*known, *rest]:
        if threshold in _bounds(each):
            return each
    near = sorted({bound for each in [*known, *rest] for bound in _bounds(each)})
    around = [*[e for e in near if e < threshold][-1:], *[e for e in near if e > threshold][:1]]
    names = ", ".join(each.histogram for each in source.durations)
    raise SourceProblem(
        f"{_shown(threshold)} is no bucket bound of {names}; the nearest"
        f" {'is' if len(around) == 1 else 'are'} {' and '.join(map(_shown, around))}"
        " (a service with other buckets says `buckets`)"
    )


def _bounds(histogram: Durations) -> list[Decimal]:
    return [Decimal(str(each)) / _UNITS[histogram.unit] for each in histogram.buckets]


def _shown(of_seconds: Decimal) -> str:
    if of_seconds < 1:
        return f"{(of_seconds * 1000).normalize():f} ms"
    return f"{of_seconds.normalize():f} s"


def _chosen(source: Source, asked: Asked) -> list[Matcher]:
    """Return the conditions on whose requests these are."""
    made = [Matcher("job", "=", asked.job)] if asked.job else []
    if source.select is None:
        if asked.backend is not None:
            raise SourceProblem("it is no proxy: it has no `backend`")
    elif asked.backend is not None or source.select.pattern == "{backend}":
        made.append(Matcher(source.select.label, "=", asked.backend or asked.service))
    else:
        name = asked.service.replace(".", "\\.")
        pattern = source.select.pattern.replace("{backend}", name)
        made.append(Matcher(source.select.label, "=~", pattern))
    where = (asked.where or {}).items()
    return [*made, *(Matcher(name, "=", value) for name, value in where)]


def _of_users(source: Source, asked: Asked) -> list[Matcher]:
    """Return the condition that leaves out what no user asks for."""
    if source.route is None:
        if asked.internal is not None:
            raise SourceProblem("it has no label of the route, so nothing can be `internal`")
        return []
    return _without(source.route, asked.internal or source.internal)


def _matched(source: Source, asked: Asked) -> list[Matcher]:
    """Return the conditions that also leave out what met no route."""
    made = _of_users(source, asked)
    if source.route is None or source.unmatched is None:
        return made
    return [*made, Matcher(source.route, "!=", source.unmatched)]


def _without(label: str, pattern: str | None) -> list[Matcher]:
    return [Matcher(label, "!~", pattern)] if pattern else []


def _status(source: Source, histogram: Durations) -> str:
    return histogram.status or source.status


def _of_histogram(source: Source, histogram: Durations, asked: Asked) -> list[Matcher]:
    made: list[Matcher] = []
    if "route" in histogram.labels:
        made += _matched(source, asked)
    elif asked.internal is not None:
        raise SourceProblem(f"{histogram.histogram} has no label of the route for `internal`")
    if "status" in histogram.labels:
        neither = histogram.neither or (None if histogram.status else source.neither)
        patterns = [each for each in (histogram.failed or source.failed, neither) if each]
        made += _without(_status(source, histogram), "|".join(patterns))
    return made


def _subtracted(
    source: Source, histogram: Durations, asked: Asked, routes: str | None
) -> list[str]:
    if histogram.less is None:
        return []
    matchers = [*_chosen(source, asked), *_matched(source, asked)]
    if routes is not None and source.route is not None:
        matchers.append(Matcher(source.route, "=~", routes))
    matchers.append(Matcher(source.status, "=~", histogram.less))
    return [_less(_selector(source.requests, matchers))]


def _by_route(source: Source, chosen: Sequence[Matcher], asked: Asked) -> ByRoute:
    assert source.route is not None  # noqa: S101 - asked for by the caller
    user = [*chosen, *_matched(source, asked)]
    counted = [*user, *_without(source.status, source.neither)]
    failed = [*user, Matcher(source.status, "=~", source.failed)]
    return ByRoute(
        counted=_selector(source.requests, counted),
        failed=_selector(source.requests, failed),
        route=source.route,
        labels=(source.method,) if source.method else (),
    )


def _own_job(source: Source, asked: Asked) -> str | None:
    return asked.job or None if source.is_proxy else None


def _example(
    source: Source,
    asked: Asked,
    name: str,
    status: Mapping[str, str],
    histogram: Durations | None = None,
    extra: Mapping[str, str] | None = None,
) -> str:
    parts = ("route", "method", "status") if histogram is None else histogram.labels
    labels = {"job": asked.job} if asked.job else {}
    if source.select is not None:
        value = asked.backend or source.select.example.replace("{backend}", asked.service)
        labels[source.select.label] = value
    labels.update(asked.where or {})
    if source.route and "route" in parts:
        labels[source.route] = source.example.route
    if source.method and "method" in parts:
        labels[source.method] = source.example.method
    shown = {**labels, **status, **(extra or {})}
    return _selector(name, [Matcher(label, "=", value) for label, value in shown.items()])


def _rate(selector: str) -> str:
    return f"sum(rate({selector}{_WINDOW}))"


def _also(selector: str) -> str:
    return f"+ ({_rate(selector)} or vector(0))"


def _less(selector: str) -> str:
    return f"- ({_rate(selector)} or vector(0))"


def _selector(name: str, matchers: Sequence[Matcher]) -> str:
    return Selector(frozenset({Matcher("__name__", "=", name), *matchers})).text
