"""ETag and If-Match: whoever changes something may say which version of it they have seen.

Two clients that read the same thing and change the same field would otherwise overwrite each other
without a word. A version is the `xmin` of a row, the number of the transaction that wrote it: it
changes with every update, whoever makes it (docs/decisions/0026-versions-are-postgresql-s-own.md).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Generic, TypeVar

from fastapi import Depends, Header

T = TypeVar("T")

# RFC 9110, section 8.8.3. The W/ is nginx', which weakens the tag of every answer that it
# compresses; ours stands for what is stored, not for the bytes that carry it.
_TAG: Final = re.compile(r'(?:W/)?"([^"]*)"')
_LONGEST_HEADER: Final = 1_000
_MOST_DIGITS: Final = 18

# What may be overwritten; None where the client does not care.
Versions = Sequence[int] | None


@dataclass(frozen=True)
class Versioned(Generic[T]):
    """Something stored, and which version of it this is."""

    value: T
    version: int


def etag(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


def read_if_match(header: str | None) -> Versions:
    """Return the versions in an If-Match; a tag that is none of ours matches nothing."""
    if header is None or header.strip() == "*":
        return None
    tags = _TAG.findall(header[:_LONGEST_HEADER])
    return [int(tag) for tag in tags if re.fullmatch(rf"[0-9]{{1,{_MOST_DIGITS}}}", tag)]


async def _expected(
    if_match: Annotated[
        str | None,
        Header(description="The ETag of what you have read: a 412 if it has changed since"),
    ] = None,
) -> Versions:
    return read_if_match(if_match)


Expected = Annotated[Versions, Depends(_expected)]
