"""Whether counters move, and are written by one process each."""

from collections.abc import Iterator, Sequence
from typing import Final

from burnrate.promql import Selector
from burnrate.slo.live.finding import Finding, Kind
from burnrate.slo.live.prometheus import LOOKBACK, Prometheus, Series
from burnrate.slo.specification import Slo, quote

# A service that starts anew now and then is fine; nobody does so every few minutes.
_MOST_FALLS: Final = 3
_SHOWN: Final = 5
# So many samples without a change: half a day of a service that nobody asks is one, too.
_LONG: Final = "1d"
_ENOUGH_SAMPLES: Final = 20


def unmoved(prometheus: Prometheus, slo: Slo, selectors: Sequence[Selector]) -> list[Finding]:
    """Return whether none of the counters of all events has moved for as long as is known."""
    found = [one for each in selectors for one in _spans(prometheus, each)]
    if not found or any(each.values[0] > 0 for each in found):
        return []
    reason = "none of its counters has moved for a day, or since Prometheus knows them"
    instead = "See that this is where requests are counted: a counter that stands still is no SLI."
    return [_finding(slo, "never-moves", selectors[0], reason, instead)]


def _spans(prometheus: Prometheus, selector: Selector) -> list[Series]:
    text = f"{selector.text}[{_LONG}]"
    samples = f"count_over_time({text}) >= {_ENOUGH_SAMPLES}"
    return prometheus.query(
        f"max(max_over_time({text}) - min_over_time({text}) and ({samples}))"
        f" or max(changes({text}) > 0)"
    )


def falling(prometheus: Prometheus, slo: Slo, selector: Selector) -> list[Finding]:
    """Return whether series fall again and again, and whether two processes write them."""
    falls = prometheus.query(
        f"topk({_SHOWN}, resets({selector.text}[{LOOKBACK}]) >= {_MOST_FALLS})"
    )
    named = [Series({**each.labels, "__name__": selector.name}, each.values) for each in falls]
    return list(_of_series(prometheus, slo, named))[:1]


def _of_series(prometheus: Prometheus, slo: Slo, falls: Sequence[Series]) -> Iterator[Finding]:
    for each in falls:
        labels = {name: value for name, value in each.labels.items() if name != "__name__"}
        at = {name: labels[name] for name in ("job", "instance") if name in labels}
        shown = ", ".join(f'{name}="{quote(value)}"' for name, value in at.items())
        starts = prometheus.query(f"process_start_time_seconds{{{shown}}}[{LOOKBACK}]")
        times = [value for series in starts for value in series.values]
        name = _selector_of(each)
        count = f"{each.values[0]:.0f} times in an hour"
        if times and not _comes_back(times) and len(set(times)) - 1 >= each.values[0]:
            # A process that dies again and again: the ledger goes on.
            continue
        if _comes_back(times) or _comes_and_goes(prometheus, each):
            yield Finding(
                slo.service,
                slo.name,
                "two-writers",
                name,
                f"its value falls {count} and comes back: two processes answer under {shown}",
                "Add up the workers of one port (prometheus_client's multiprocess mode, or"
                " burnrate.telemetry), or give each a port and a target of its own.",
            )
        else:
            yield Finding(
                slo.service,
                slo.name,
                "falling-counter",
                name,
                f"it falls {count}, and its process has not started so often",
                "Take a counter: a gauge, or one that is reset while its process lives, counts"
                " no events.",
            )


def _comes_and_goes(prometheus: Prometheus, series: Series) -> bool:
    """Whether a counter goes back to where it was: after each fall it rises by about as much."""
    found = prometheus.query(f"{_selector_of(series)}[{LOOKBACK}]")
    values = found[0].values if found else []
    falls = [(at, values[at - 1]) for at in range(1, len(values)) if values[at] < values[at - 1]]
    back = [high for at, high in falls if at + 1 < len(values) and max(values[at : at + 6]) >= high]
    return len(back) * 2 >= len(falls) > 0


def _comes_back(values: Sequence[float]) -> bool:
    """Whether a value is left and returned to."""
    runs = [value for at, value in enumerate(values) if at == 0 or value != values[at - 1]]
    return len(set(runs)) < len(runs)


def _selector_of(series: Series) -> str:
    name = series.labels.get("__name__", "")
    inside = ", ".join(
        f'{label}="{quote(value)}"'
        for label, value in sorted(series.labels.items())
        if label != "__name__"
    )
    return f"{name}{{{inside}}}"


def _finding(slo: Slo, kind: Kind, selector: Selector, reason: str, instead: str) -> Finding:
    return Finding(slo.service, slo.name, kind, selector.text, reason, instead)
