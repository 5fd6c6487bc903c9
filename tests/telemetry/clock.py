"""A clock that goes on only when a test says so."""

from dataclasses import dataclass


@dataclass
class Clock:
    """What time a request's duration is taken from."""

    seconds: float = 0.0
