"""Metrics of many workers: each writes memory-mapped files, any of them shows the sum."""

import os
import re
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, values
from prometheus_client.multiprocess import MultiProcessCollector

DIRECTORY_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
_LIVE_GAUGE: Final = re.compile(r"^gauge_live\w+_(\d+)\.db$")


def directory() -> Path | None:
    """Return the folder of the metric files, None where one process serves alone."""
    value = os.environ.get(DIRECTORY_VARIABLE)
    return Path(value) if value else None


def activate(path: Path) -> None:
    """Let every metric made from now on live in files below `path`.

    prometheus_client decides when it is first imported; a server's configuration runs later
    than that, so the decision is made again here.
    """
    os.environ[DIRECTORY_VARIABLE] = str(path)
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]


def forget_dead_gauges(path: Path) -> None:
    """Remove the gauge files of workers that are gone.

    A supervisor that reaps workers could do it at each exit; looking at the process table
    also covers servers without such a hook.
    """
    for file in path.iterdir():
        match = _LIVE_GAUGE.match(file.name)
        if match and not _is_alive(int(match[1])):
            file.unlink(missing_ok=True)


def merged_registry(path: Path) -> CollectorRegistry:
    """Return a registry that shows the sum over all workers, live and dead."""
    forget_dead_gauges(path)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(path))  # type: ignore[no-untyped-call]
    return registry


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
