"""What a broken connection is taken for."""

import asyncpg
import pytest

from api.backends.postgres import _broken_as_unavailable, describe


class FakeConnection:
    """A connection that is closed or not."""

    def __init__(self, *, is_closed: bool) -> None:
        self._is_closed = is_closed

    def is_closed(self) -> bool:
        """Tell."""
        return self._is_closed


@pytest.mark.parametrize(
    ("is_closed", "expected"), [(True, ConnectionResetError), (False, asyncpg.InterfaceError)]
)
def test_misuse_of_a_connection_is_told_from_its_loss(
    is_closed: bool, expected: type[Exception]
) -> None:
    """In asyncpg both are one error; one is a bug here, the other is PostgreSQL's restart."""
    with pytest.raises(expected), _broken_as_unavailable(FakeConnection(is_closed=is_closed)):
        raise asyncpg.InterfaceError("connection is closed")


def test_reason_is_one_short_line() -> None:
    """A server's message may have many."""
    assert describe(OSError("one\ntwo")) == "OSError: one"
    assert describe(TimeoutError()) == "TimeoutError"
    assert len(describe(OSError("x" * 1_000))) == 200
