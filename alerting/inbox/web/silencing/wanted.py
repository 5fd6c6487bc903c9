"""What somebody asks a silence to be, from an address, a form or JSON."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from alerting.inbox.watch import Matcher

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Longer is no silence but a rule that is not wanted.
_LONGEST: Final = timedelta(days=90)
# What is asked for from now on has begun when it arrives.
_TOO_LATE: Final = timedelta(minutes=1)


class SilenceBody(BaseModel):
    """A silence: the labels that its alerts have, how long it is, and who wants it.

    Attributes:
        match: `name=value` for each label, compared as it is.
        hours: How long it is; without it `until` says when it ends.
        start: From when on; without it, now. A time without a zone is UTC.
    """

    model_config = ConfigDict(str_strip_whitespace=True)

    match: list[str] = Field(min_length=1, max_length=20)
    hours: float | None = Field(default=None, ge=0, le=90 * 24, allow_inf_nan=False)
    start: datetime | None = None
    until: datetime | None = None
    by: str = Field(default="", max_length=80)
    text: str = Field(default="", max_length=1000)


@dataclass(frozen=True, slots=True)
class Times:
    """From when until when."""

    starts_at: datetime
    ends_at: datetime


def matchers_of(texts: Sequence[str]) -> tuple[Matcher, ...]:
    """Return the matchers.

    Raises:
        ValueError: one is not `name=value`, or there is none: that would silence everything.
    """
    if not texts:
        raise ValueError("choose a label: without one, everything would be silent")
    return tuple(map(_matcher, texts))


def times_of(
    hours: float | None, start: datetime | None, until: datetime | None, now: datetime
) -> Times:
    """Return the times.

    Raises:
        ValueError: they are no time to be silent in.
    """
    begin = now if start is None else in_utc(start)
    if hours:
        end = begin + timedelta(hours=hours)
    elif until is not None:
        end = in_utc(until)
    else:
        raise ValueError("say until when")
    if begin < now - _TOO_LATE:
        raise ValueError("it would begin in the past")
    if end <= max(begin, now):
        raise ValueError("it would end before it begins, or in the past")
    if end - begin > _LONGEST:
        raise ValueError(f"it would be longer than {_LONGEST.days} days")
    return Times(begin, end)


def in_utc(given: datetime) -> datetime:
    """Return a time with its zone, UTC where it has none: as the form sends it."""
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def _matcher(text: str) -> Matcher:
    name, separator, value = text.partition("=")
    if not separator or not _NAME.fullmatch(name) or not value:
        raise ValueError("match: name=value is needed")
    return Matcher(name, value)
