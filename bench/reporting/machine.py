"""What a figure is worth depends on: the machine, and the releases that ran on it."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from bench.reporting.report import Machine

_PACKAGES: Final = (
    "fastapi",
    "starlette",
    "uvicorn",
    "uvloop",
    "gunicorn",
    "prometheus-client",
    "opentelemetry-sdk",
    "opentelemetry-instrumentation-fastapi",
    "python-json-logger",
)


def describe(more_versions: Mapping[str, str]) -> Machine:
    """Return this machine and the releases that are compared."""
    return Machine(
        processor=processor(),
        cores=len(os.sched_getaffinity(0)),
        system=f"{platform.system()} {platform.release()}",
        load_average=os.getloadavg()[0],
        versions={
            "Python": platform.python_version(),
            **{name: found for name in _PACKAGES if (found := _version(name))},
            **more_versions,
        },
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def processor() -> str:
    """Return the processor's model as Linux names it, which psutil does not; else its kind."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
