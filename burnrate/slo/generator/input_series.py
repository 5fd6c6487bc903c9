"""Input series for promtool: counters that grow with events, stretch by stretch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from burnrate.promql import selectors
from burnrate.slo.generator.example_series import example_events, moves
from burnrate.slo.specification import (
    LatencySettings,
    PoolSettings,
    Slo,
    selector,
    spellings,
    target_labels,
)


@dataclass(frozen=True)
class Stretch:
    """For some samples, how many events come between two of them and what part is bad."""

    samples: int
    events: int
    bad: Fraction = Fraction(0)


def input_series(slo: Slo, stretches: Sequence[Stretch]) -> list[dict[str, str]]:
    """Return the series of an SLO; each is at 0 from the start, as the telemetry's are."""
    steps = [event_steps(slo, stretch.bad) for stretch in stretches]
    made = []
    for name in event_steps(slo, Fraction(0)):
        increments = [
            (stretch.samples, stretch.events * step[name])
            for stretch, step in zip(stretches, steps, strict=True)
        ]
        made.append({"series": name, "values": _values(increments)})
    return made


def event_steps(slo: Slo, bad: Fraction) -> dict[str, Fraction]:
    """Return how far one event takes each series of an SLO on average; a part of all is bad."""
    good, failed = _series(slo)
    return {
        name: (1 - bad) * good.count(name) + bad * failed.count(name)
        for name in dict.fromkeys([*good, *failed])
    }


def _values(increments: Sequence[tuple[int, Fraction]]) -> str:
    value, parts = Fraction(0), ["0"]
    for samples, step in increments:
        first = value + step
        parts.append(
            _text(first) if samples == 1 else f"{_text(first)}+{_text(step)}x{samples - 1}"
        )
        value += step * samples
    return " ".join(parts)


def _text(value: Fraction) -> str:
    return str(int(value)) if value.denominator == 1 else f"{float(value):.10g}"


def has_input_series(slo: Slo) -> bool:
    """Return whether it is known which series an event of an SLO moves."""
    return slo.has_known_series or example_events(slo) is not None


def _series(slo: Slo) -> tuple[list[str], list[str]]:
    settings = slo.settings
    if settings.good or settings.bad:
        return list(settings.good), list(settings.bad)
    ours = _of_telemetry(slo)
    is_ours = [_moves(slo, names) for names in ours] == [(1, 0), (1, 1)]
    return ours if is_ours else example_events(slo) or ours


def _moves(slo: Slo, names: Sequence[str]) -> tuple[int, int]:
    (found,) = zip(*(selectors(name) for name in names), strict=True)
    return moves(slo, [{each.label: each.value for each in one.matchers} for one in found])


def _of_telemetry(slo: Slo) -> tuple[list[str], list[str]]:
    settings = slo.settings
    job = target_labels(slo.job, slo.identity)
    if isinstance(settings, PoolSettings):
        attempt = {**job, "pool": settings.pool}
        count, bucket = _histogram("pool_wait_seconds", attempt, slo)
        ok, timeout = (
            f"pool_acquire_total{selector({**attempt, 'outcome': outcome})}"
            for outcome in ("ok", "timeout")
        )
        return [count, bucket, ok], [count, timeout]
    request = {**job, "method": "GET", "endpoint": settings.example_endpoint}
    if isinstance(settings, LatencySettings):
        answer = {**request, "status_class": "2xx"}
        count, bucket = _histogram("http_request_duration_seconds", answer, slo)
        return [count, bucket], [count]
    good, bad = (
        f"http_requests_total{selector({**request, 'status': status})}" for status in ("200", "500")
    )
    return [good], [bad]


def _histogram(name: str, labels: Mapping[str, str], slo: Slo) -> tuple[str, str]:
    le = spellings(slo.threshold_seconds or 0)[0]
    return f"{name}_count{selector(labels)}", f"{name}_bucket{selector({**labels, 'le': le})}"
