"""Read by a Python process at its start: its wall clock is off, or stands, as a file says.

A real clock cannot be set for one process, and libfaketime breaks Python's `sleep`.
"""

import datetime as dt
import os
import time
from pathlib import Path

_file = Path(os.environ["CLOCK_FILE"])
_real_time_ns = time.time_ns
_RealDatetime = dt.datetime


def _time_ns() -> int:
    how, _, nanoseconds = _file.read_text().partition(" ")
    return int(nanoseconds) + (_real_time_ns() if how == "off" else 0)


def _time() -> float:
    return _time_ns() / 1e9


class _AnyDatetime(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _RealDatetime)


class _Datetime(_RealDatetime, metaclass=_AnyDatetime):
    __slots__ = ()  # of the size that extensions were compiled for

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> "_Datetime":
        return cls.fromtimestamp(_time(), tz)


time.time = _time
time.time_ns = _time_ns
dt.datetime = _Datetime  # type: ignore[misc]
