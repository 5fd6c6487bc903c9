"""Metrics of many workers: each writes memory-mapped files, any of them shows the sum."""

import os
from pathlib import Path
from typing import Final

from prometheus_client import values

from burnrate.telemetry.failures import failures, log_lines
from burnrate.telemetry.workers.values import make_value_class

DIRECTORY_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"


def directory() -> Path | None:
    """Return the folder of the metric files, None where one process serves alone."""
    value = os.environ.get(DIRECTORY_VARIABLE)
    return Path(value) if value else None


def activate(path: Path) -> None:
    """Let every metric made from now on live in files below `path`, exemplars too.

    prometheus_client decides when it is first imported; a server's configuration runs later
    than that, so the decision is made again here.

    Args:
        path: A folder of this service's own, there already and empty at its start.
    """
    os.environ[DIRECTORY_VARIABLE] = str(path)
    values.ValueClass = make_value_class(path)
    for counter in (failures, log_lines):
        counter.end()  # it begins anew in the files
