"""Finds a subject by its name; a worker imports only what its own subject needs."""

from importlib import import_module
from typing import Final

from burnrate.bench.subjects import Subject

# The part of the name before the colon -> its module, each with a function `make(rest)`.
_MODULES: Final = {
    "request": "burnrate.bench.exchanges",
    "operation": "burnrate.bench.operations",
    "files": "burnrate.bench.metric_folders",
    "scrape": "burnrate.bench.scrapes",
    "stall": "burnrate.bench.stalls",
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
