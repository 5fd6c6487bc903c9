"""What can be wrong with an SLO although each of its fields is well-formed."""

import re
from collections.abc import Iterator
from pathlib import Path

from burnrate.slo.errors import SpecError
from burnrate.slo.specification.model import Slo, number
from burnrate.slo.specification.settings import LatencySettings, PoolSettings, RatioSettings
from burnrate.slo.specification.sloth import ServiceSpec, SloSpec

_WINDOW = re.compile(r"\{\{\s*\.window\s*\}\}")
_LE = re.compile(r'\ble\s*(=~|=|!=|!~)\s*"((?:[^"\\]|\\.)*)"')
_SELECTOR = re.compile(r"\{((?:[^{}\"]|\"(?:[^\"\\]|\\.)*\")*)\}")


def check_names(spec: ServiceSpec, file: Path) -> None:
    """Refuse two SLOs of one name."""
    seen: set[str] = set()
    for index, slo in enumerate(spec.slos):
        if slo.name in seen:
            raise SpecError(file, f"slos[{index}].name", f"a second SLO is called {slo.name!r}")
        seen.add(slo.name)


def check_sli(slo: SloSpec, file: Path, path: str) -> None:
    """Refuse an SLI that counts no events, or counts them over no window."""
    if slo.sli.events is None:
        kinds = [kind for kind in ("raw", "plugin") if getattr(slo.sli, kind) is not None]
        what = f"unknown SLI {kinds[0]!r}" if kinds else "no SLI"
        raise SpecError(file, f"{path}.sli", f"{what}: a budget needs the event counts of 'events'")
    for field, query in slo.sli.events:
        if not _WINDOW.search(query):
            raise SpecError(file, f"{path}.sli.events.{field}", "has no [{{.window}}]")


def check(slo: Slo, file: Path, path: str) -> None:
    """Refuse what could never work; `check_sli` has passed."""
    _check_thresholds(slo, file, path)
    _check_routes(slo, file, path)
    for tier in slo.tiers():
        if slo.threshold(tier) >= 1:
            factor = number(tier.factor(slo.period_days))
            reason = (
                f"{slo.alert_name(tier)} can never fire: {factor} x (1 - {number(slo.objective)})"
                f" = {number(slo.threshold(tier))}, and no error ratio is above 1"
            )
            raise SpecError(file, f"{path}.objective", reason)


def fill(query: str, window: str) -> str:
    """Put a window into a query, and the query on one line."""
    return " ".join(_WINDOW.sub(window, query).split())


def _queries(slo: Slo) -> Iterator[tuple[str, str]]:
    events = slo.spec.sli.events
    if events is not None:
        yield "error_query", fill(events.error_query, "5m")
        yield "total_query", fill(events.total_query, "5m")


def _check_routes(slo: Slo, file: Path, path: str) -> None:
    if not isinstance(slo.settings, RatioSettings | LatencySettings) or slo.settings.routes is None:
        return
    wanted = slo.settings.routes
    for field, query in _queries(slo):
        if any(wanted not in selector for selector in _SELECTOR.findall(query)):
            reason = f"a selector lacks the settings' routes, {wanted}"
            raise SpecError(file, f"{path}.sli.events.{field}", reason)


def _check_thresholds(slo: Slo, file: Path, path: str) -> None:
    if not isinstance(slo.settings, LatencySettings | PoolSettings):
        return
    threshold, buckets = slo.settings.threshold_seconds, slo.settings.buckets
    if threshold not in buckets:
        known = ", ".join(f"{bucket:g}" for bucket in buckets)
        raise SpecError(file, path, f"threshold {threshold:g} is no bucket (there are {known})")
    found = False
    for field, query in _queries(slo):
        for operator, text in _LE.findall(query):
            found = True
            reason = _wrong_le(operator, text, threshold)
            if reason:
                raise SpecError(file, f"{path}.sli.events.{field}", reason)
    if not found:
        raise SpecError(file, f"{path}.sli.events", "selects no bucket: no matcher of le")


def spellings(bound: float) -> list[str]:
    """Return how `le` spells a bound: Go's way, and with `.0` as Prometheus 3 does everywhere."""
    return sorted({f"{bound:g}", str(float(bound))})


def _wrong_le(operator: str, text: str, threshold: float) -> str | None:
    both = spellings(threshold)
    pattern = text.replace("\\\\", "\\")
    if operator == "=~":
        matched = [spelling for spelling in both if re.fullmatch(pattern, spelling)]
    else:
        matched = [spelling for spelling in both if operator == "=" and spelling == text]
    if not matched:
        return f'le{operator}"{text}" is not the threshold of the settings, {threshold:g}'
    if matched != both:
        other = "|".join(both).replace(".", "\\\\.")
        return f'le{operator}"{text}" matches one spelling only, write le=~"{other}"'
    return None
