"""The past of one SLO's ledger, as its rules would have recorded it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from burnrate.promql import Selector
from burnrate.slo.generator import ledger_name
from burnrate.slo.pace import ledger_seconds
from burnrate.slo.specification import Slo, quote
from burnrate.slo.windows import DAY, WINDOWS

# Around the beginning of each window: what is looked back for, and as long as a measurement takes.
_BEFORE_SECONDS: Final = 600
_AFTER_SECONDS: Final = 1800
INSTANCE: Final = "measured"


def ledger_records(slo: Slo, count: Callable[[Selector, int], int], now: int) -> Iterator[str]:
    """Yield lines of OpenMetrics.

    Args:
        slo: Whose ledger.
        count: What the selected counters add up to at a time.
        now: When the past ends, seconds since the epoch.
    """
    began = now - slo.period_days * DAY - _BEFORE_SECONDS
    pace = ledger_seconds(slo)
    day = range(now - DAY, now, pace)
    own = {**slo.identity, "slo": slo.name}
    instance = {**own, "job": slo.job, "instance": INSTANCE}
    for term in dict.fromkeys((*slo.terms("total"), *slo.terms("bad"))):
        series = _series("slo:instance_events:total", {**instance, "term": term.name})
        for second in day:
            yield f"{series} {count(term.selector, second)} {second}\n"
    for second in day:
        yield f"{_series('slo:failures_in_a_row:count', slo.labels)} 0 {second}\n"
    for second in day:
        yield f"{_series('slo:instance_start:seconds', instance)} 0 {second}\n"
    for second in day:
        yield f"{_series('slo:history:start', slo.labels)} {began} {second}\n"
    for second in day:
        yield f"{_series('slo:history:seconds', slo.labels)} {second - began} {second}\n"
    for kind in ("total", "bad"):
        yield from _ledger(slo, kind, count, now)


def _ledger(slo: Slo, kind: str, count: Callable[[Selector, int], int], now: int) -> Iterator[str]:
    terms = slo.terms(kind)

    def value(second: int) -> int:
        return sum((1 if t.is_added else -1) * count(t.selector, second) for t in terms)

    for second in _seconds(slo, now):
        yield f"{_series(ledger_name(kind), slo.labels)} {value(second)} {second}\n"
    if not all(term.is_added for term in terms):
        for second in range(now - DAY, now, ledger_seconds(slo)):
            yield f"{_series(f'slo:{kind}_events:balance', slo.labels)} {value(second)} {second}\n"


def _seconds(slo: Slo, now: int) -> list[int]:
    """Return when the ledger was recorded, as far as anybody reads it."""
    pace = ledger_seconds(slo)
    spans = [range(now - DAY, now, pace)]
    for seconds in (*(window.seconds for window in WINDOWS), slo.period_days * DAY):
        start = now - seconds
        spans.append(range(start - _BEFORE_SECONDS, start + _AFTER_SECONDS, pace))
    # Multiples of the interval, each once and in order.
    found = {second - second % pace for span in spans for second in span}
    return sorted(second for second in found if second < now)


def _series(name: str, labels: Mapping[str, str]) -> str:
    shown = ",".join(f'{key}="{quote(value)}"' for key, value in labels.items())
    return f"{name}{{{shown}}}"
