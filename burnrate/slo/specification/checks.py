"""Checks of an SLO whose fields are each well-formed."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from burnrate.promql import Matcher, QueryError, Selector, selectors
from burnrate.slo.errors import SpecError
from burnrate.slo.specification.model import WINDOW, Slo, file_part
from burnrate.slo.specification.settings import (
    LatencySettings,
    PoolSettings,
    RatioSettings,
    SloSettings,
)
from burnrate.slo.specification.sloth import Events, ServiceSpec

# Any window will do to find out what a query selects.
_EXAMPLE = "5m"


def check_names(spec: ServiceSpec, file: Path) -> None:
    """Refuse two SLOs with the same name, or with names that have the same files.

    Raises:
        SpecError: there are such two.
    """
    seen: dict[str, str] = {}
    for index, slo in enumerate(spec.slos):
        if other := seen.get(file_part(slo.name)):
            same = f"{slo.name!r} and {other!r} would have the same file of rules"
            reason = f"there are two SLOs named {slo.name!r}" if other == slo.name else same
            raise SpecError(file, f"slos[{index}].name", reason)
        seen[file_part(slo.name)] = slo.name


def check_identity(
    asked: Mapping[str, str], identity: Mapping[str, str], file: Path, path: str
) -> None:
    """Refuse queries that would count events of another service too.

    Each selector must have the labels that tell environments apart. `service` is not needed: a
    scrape job or a metric's name may stand for it.

    Args:
        asked: The SLI's queries, by their paths below the SLO's.
        identity: The labels that name the service.
        file: The specification, for the error.
        path: The SLO's path in it, for the error.

    Raises:
        SpecError: a selector lacks one of them.
    """
    for place, query in asked.items():
        found = selectors(WINDOW.sub(_EXAMPLE, query))
        for name, value in identity.items():
            if name == "service":
                continue
            if any(Matcher(name, "=", value) not in each.matchers for each in found):
                reason = f'a selector lacks {name}="{value}", which names the service'
                raise SpecError(file, f"{path}.{place}", reason)


def threshold_seconds(events: Events, settings: SloSettings, file: Path, path: str) -> float | None:
    """Return the bound that the queries select by `le`; None for a kind without one.

    Raises:
        SpecError: they select no bound, several, one that is no bucket, or not the settings'.
    """
    if not isinstance(settings, LatencySettings | PoolSettings):
        return None
    bounds: set[float] = set()
    for field, found in _read(events):
        for each in found:
            for matcher in each.of("le"):
                where = f"{path}.sli.events.{field}"
                bounds.add(_bound(matcher, settings.buckets, file, where))
    if len(bounds) != 1:
        what = "several buckets" if bounds else "no bucket: no matcher of le"
        raise SpecError(file, f"{path}.sli.events", f"selects {what}")
    (bound,) = bounds
    if isinstance(settings, LatencySettings) and settings.unit == "ms":
        bound /= 1000
    if settings.threshold_seconds not in {None, bound}:
        reason = f"selects {bound:g} s by le, and the settings say {settings.threshold_seconds:g}"
        raise SpecError(file, f"{path}.sli.events", reason)
    return bound


def check_routes(slo: Slo, file: Path, path: str) -> None:
    """Refuse queries that lack the routes of the settings, once they have been checked.

    Args:
        slo: The SLO.
        file: The specification, for the error.
        path: The SLO's path in it, for the error.

    Raises:
        SpecError: a selector lacks them.
    """
    if not isinstance(slo.settings, RatioSettings | LatencySettings) or slo.settings.routes is None:
        return
    wanted = _matcher(slo.settings.routes)
    for field, found in _read(slo.events):
        if wanted is None or any(wanted not in each.matchers for each in found):
            reason = f"a selector lacks the settings' routes, {slo.settings.routes}"
            raise SpecError(file, f"{path}.sli.events.{field}", reason)


def spellings(bound: float) -> list[str]:
    """Return how `le` spells a bound: Go's way, and with `.0` as Prometheus 3 does everywhere."""
    return sorted({f"{bound:g}", str(float(bound))})


def _read(events: Events) -> Iterator[tuple[str, set[Selector]]]:
    for field, query in events:
        yield field, selectors(WINDOW.sub(_EXAMPLE, query))


def _matcher(text: str) -> Matcher | None:
    try:
        (selected,) = selectors(f"any{{{text}}}")
    except QueryError:
        return None
    return next((each for each in selected.matchers if each.label != "__name__"), None)


def _bound(matcher: Matcher, buckets: tuple[float, ...], file: Path, where: str) -> float:
    shown = f'le{matcher.operator}"{matcher.value}"'
    try:
        re.compile(matcher.value)
    except re.error as error:
        reason = f'{shown} is a pattern that only Go understands: write le="BOUND"'
        raise SpecError(file, where, reason) from error
    chosen = [] if matcher.operator.startswith("!") else [
        bucket for bucket in buckets if any(map(matcher.accepts, spellings(bucket)))
    ]  # fmt: skip
    if len(chosen) != 1:
        known = ", ".join(f"{bucket:g}" for bucket in buckets)
        raise SpecError(file, where, f"{shown} is not a bucket bound (bounds: {known})")
    both = spellings(chosen[0])
    if not all(map(matcher.accepts, both)):
        other = "|".join(map(re.escape, both)).replace("\\", "\\\\")
        raise SpecError(file, where, f'{shown} matches one spelling only, write le=~"{other}"')
    return chosen[0]
