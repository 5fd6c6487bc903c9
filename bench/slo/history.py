"""The past that rules look back on, for a measurement: as OpenMetrics, for `promtool tsdb`.

A rule on an empty Prometheus costs nothing. What the shipped rules read is the last half hour
of the raw series, and beyond that only records: the pieces of the whole period, and the windows
that longer ones are put together from, around their offsets.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

from burnrate.slo.errors import SpecError
from burnrate.slo.generator import event_steps, events_name, piece_name
from burnrate.slo.specification import Service, Slo, quote
from burnrate.slo.windows import DAY, EVALUATION_SECONDS, M5, WINDOWS

SCRAPE_SECONDS: Final = 5
_ENDPOINT: Final = re.compile(r'(endpoint="[^"]*)"')
# Routes of a middling service: a query sums over its series.
_ROUTES: Final = 15
_EVENTS_A_SECOND: Final = 100
# Healthy: an alert that fires costs more, for its text has queries of its own.
_BAD: Final = Fraction(1, 100_000)
# What is read from raw series.
_RAW_SECONDS: Final = max(window.seconds for window in WINDOWS if window.part is None)
# Around each offset: what is looked back for, and as long as a measurement may take.
_BEFORE_SECONDS: Final = 600
_AFTER_SECONDS: Final = 1800
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
    bad = float(_BAD)
    scrapes = range(now - _RAW_SECONDS - _BEFORE_SECONDS, now, SCRAPE_SECONDS)
    for name, rate in raw_series(services).items():
        for second in scrapes:
            yield f"{name} {count_at(second, rate)} {second}\n"
    for service in services:
        for slo in service.slos:
            labels = ",".join(f'{name}="{quote(value)}"' for name, value in slo.labels.items())
            for kind in ("total", "bad"):
                for record, seconds in _records(slo, kind, now):
                    for second in seconds:
                        # Never the same twice running: what is constant costs next to nothing.
                        value = _EVENTS_A_SECOND + second // EVALUATION_SECONDS % 7
                        part = value if kind == "total" else value * bad
                        yield f"{record}{{{labels}}} {part:g} {second}\n"


def _records(slo: Slo, kind: str, now: int) -> Iterator[tuple[str, range]]:
    yield piece_name(kind), range(now - slo.period_days * DAY, now, M5.seconds)
    for window in WINDOWS:
        if window.part is None:
            continue
        part = window.part.seconds
        for offset in reversed(range(part, window.seconds, part)):
            began, ended = now - offset - _BEFORE_SECONDS, now - offset + _AFTER_SECONDS
            yield events_name(kind, window.part), range(began, ended, EVALUATION_SECONDS)
