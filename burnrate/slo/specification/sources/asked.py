"""What a team asks of a source: which service, which requests, how fast."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Final

from pydantic import BeforeValidator

_DURATION: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>ms|s)")
_SECONDS: Final = {"ms": Decimal("0.001"), "s": Decimal(1)}


@dataclass(frozen=True)
class Asked:
    """Whose requests are counted.

    Attributes:
        job: The scrape job; empty where none is told.
        backend: How a proxy calls the service; None for the service's own name.
        where: Further labels that its series have.
        internal: A pattern of routes that no user asks for, in place of the source's.
    """

    service: str
    job: str = ""
    backend: str | None = None
    where: Mapping[str, str] | None = None
    internal: str | None = None


def seconds(text: str) -> Decimal:
    """Return a duration such as `250ms` or `1.5s` in seconds, exactly.

    Raises:
        ValueError: it is none; a number without a unit might be either.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None or not Decimal(found["number"]):
        raise ValueError("write a duration with its unit, such as 250ms or 1.5s")
    return Decimal(found["number"]) * _SECONDS[found["unit"]]


def _duration(given: object) -> Decimal:
    return given if isinstance(given, Decimal) else seconds(str(given))


Duration = Annotated[Decimal, BeforeValidator(_duration)]
