"""The past that rules look back on, for a measurement: as OpenMetrics, for `promtool tsdb`.

A rule on an empty Prometheus costs nothing. What the shipped rules read is the newest of the raw
series, and beyond that only records: the last day of what ledgers are made of, and the ledgers
themselves where windows begin.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

from bench.slo.ledgers import ledger_records
from burnrate.promql import Selector, selectors
from burnrate.slo.errors import SpecError
from burnrate.slo.generator import event_steps
from burnrate.slo.specification import Service

SCRAPE_SECONDS: Final = 5
_ENDPOINT: Final = re.compile(r'(endpoint="[^"]*)"')
# Routes of a middling service: a query sums over its series.
_ROUTES: Final = 15
_EVENTS_A_SECOND: Final = 100
# Healthy: an alert that fires costs more, for its text has queries of its own.
_BAD: Final = Fraction(1, 100_000)
# Of the raw series, the newest sample is read, as far back as Prometheus looks for one.
_RAW_SECONDS: Final = 600
_STARTED: Final = 'process_start_time_seconds{job="%s",instance="measured"}'
# promtool reads its input once for each block; two months are one or two blocks.
_BLOCK: Final = "1440h"


def raw_series(services: Sequence[Service]) -> dict[str, float]:
    """Return the series that the services expose for their SLOs, and each one's events a second."""
    rates: dict[str, float] = {}
    for service in services:
        for slo in service.slos:
            for series, step in event_steps(slo, _BAD).items():
                # OpenMetrics has no blanks between labels.
                name = series.replace(", ", ",").replace("}", ',instance="measured"}')
                for route in range(_ROUTES if "endpoint=" in name else 1):
                    rates[_ENDPOINT.sub(rf'\1/{route}"', name)] = float(_EVENTS_A_SECOND * step)
        rates[_STARTED % service.job] = 0.0
    return rates


def count_at(seconds: float, rate: float) -> int:
    """Return the value of a counter at `seconds` since the epoch, at `rate` events a second."""
    return int(seconds * rate)


def write_history(services: Sequence[Service], now: int, data: Path) -> int:
    """Write the past of some services as Prometheus' blocks.

    Args:
        services: Whose.
        now: When it ends, seconds since the epoch.
        data: Prometheus' data folder.

    Returns:
        How many samples it has.

    Raises:
        SpecError: promtool is missing, or refuses it.
    """
    if shutil.which("promtool") is None:
        raise SpecError(data, "", "promtool is not on the PATH")
    file = data.with_name("history")
    samples = 0
    with file.open("w", encoding="utf-8") as text:
        for line in _lines(services, now):
            samples += 1
            text.write(line)
        text.write("# EOF\n")
    done = subprocess.run(  # noqa: S603 - a list of arguments, no shell
        [  # noqa: S607 - looked up on the PATH, as users have it
            "promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet",
            f"--max-block-duration={_BLOCK}", str(file), str(data),
        ],
        check=False,
        capture_output=True,
        text=True,
    )  # fmt: skip
    if done.returncode:
        raise SpecError(data, "", f"promtool: {' '.join(done.stderr.split())}")
    file.unlink()
    return samples


def _lines(services: Sequence[Service], now: int) -> Iterator[str]:
    for service in services:
        rates = raw_series([service])
        for name, rate in rates.items():
            for second in range(now - _RAW_SECONDS, now, SCRAPE_SECONDS):
                yield f"{name} {count_at(second, rate)} {second}\n"
        for slo in service.slos:
            yield from ledger_records(slo, _Counters(rates), now)


class _Counters:
    """What the exporter's counters say at any time."""

    def __init__(self, rates: Mapping[str, float]) -> None:
        self._rates = [(_labels(name), rate) for name, rate in rates.items()]
        self._found: dict[Selector, list[float]] = {}

    def __call__(self, selector: Selector, second: int) -> int:
        """Return the sum of what a selector selects."""
        if selector not in self._found:
            self._found[selector] = [
                rate for labels, rate in self._rates if selector.accepts(labels)
            ]
        return sum(count_at(second, rate) for rate in self._found[selector])


def _labels(series: str) -> dict[str, str]:
    (found,) = selectors(series)
    return {each.label: each.value for each in found.matchers}
