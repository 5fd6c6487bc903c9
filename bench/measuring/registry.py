"""Finds a subject by its name; a worker imports only what its own subject needs."""

from importlib import import_module
from typing import Final

from bench.measuring.subjects import Subject

# The part of the name before the colon -> its module, each with a function `make(rest)`.
_MODULES: Final = {
    "request": "bench.telemetry.exchanges",
    "routes": "bench.telemetry.many_routes",
    "operation": "bench.telemetry.operations",
    "files": "bench.scrapes.metric_folders",
    "scrape": "bench.scrapes.scrapes",
    "stall": "bench.scrapes.stalls",
}


def make_subject(name: str) -> Subject:
    """Return the subject called `<kind>:<rest>`.

    Raises:
        KeyError: there is none of this name.
    """
    kind, _, rest = name.partition(":")
    subject = import_module(_MODULES[kind]).make(rest)
    if not isinstance(subject, Subject):
        raise TypeError(f"{name} is no subject")
    return subject
