"""Keyset pagination: a page begins after the last row of the one before it."""

import base64
import binascii
import math
import struct
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from api.errors import InvalidInput

T = TypeVar("T")

MAX_ID = 2**63 - 1

_ID = struct.Struct(">cq")
_RANK = struct.Struct(">cfq")

Limit = Annotated[int, Query(ge=1, le=100, description="Items on a page")]
CursorText = Annotated[
    str | None, Query(max_length=64, description="`next_cursor` of the page before")
]


class Page(BaseModel, Generic[T]):
    """Some items, and where the next ones begin."""

    items: list[T]
    next_cursor: str | None = Field(description="null on the last page")


def cut(rows: list[T], limit: int) -> tuple[list[T], T | None]:
    """Return what a page shows, and after which row the next one begins; None on the last page.

    Args:
        rows: One more than the page shows, where there are more.
        limit: How many it shows.
    """
    shown = rows[:limit]
    return shown, shown[-1] if len(rows) > limit else None


def encode_id(last_id: int) -> str:
    """Return the cursor of a page that ended with this id."""
    return _encode(_ID.pack(b"i", last_id))


def decode_id(cursor: str) -> int:
    """Return the id in a cursor.

    Raises:
        InvalidInput: this is no cursor of ours.
    """
    kind, last_id = _decode(cursor, _ID)
    if kind != b"i" or last_id < 1:
        raise _not_ours()
    return int(last_id)


def encode_rank(rank: float, last_id: int) -> str:
    """Return the cursor of a page, ordered by rank and id, that ended with these."""
    return _encode(_RANK.pack(b"r", rank, last_id))


def decode_rank(cursor: str) -> tuple[float, int]:
    """Return the rank and the id in a cursor.

    Raises:
        InvalidInput: this is no cursor of ours.
    """
    kind, rank, last_id = _decode(cursor, _RANK)
    if kind != b"r" or last_id < 1 or not math.isfinite(rank):
        raise _not_ours()
    return float(rank), int(last_id)


def _encode(packed: bytes) -> str:
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode("ascii")


def _decode(cursor: str, layout: struct.Struct) -> tuple[Any, ...]:
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return layout.unpack(packed)
    except (ValueError, binascii.Error, struct.error) as error:
        raise _not_ours() from error


def _not_ours() -> InvalidInput:
    return InvalidInput(("query", "cursor"), "Not a cursor that this service gave out")
