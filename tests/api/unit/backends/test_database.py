"""What a broken connection is taken for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from api.backends.postgres import Database, _broken_as_unavailable, describe
from api.errors import DependencyUnavailable
from api.settings import DatabaseSettings
from burnrate.telemetry import Telemetry


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


class FakePool:
    """A pool whose only connection is always free."""

    @contextlib.asynccontextmanager
    async def acquire(self) -> AsyncIterator[FakeConnection]:
        """Give it."""
        yield FakeConnection(is_closed=False)


async def _fail_with(error: Exception) -> None:
    """Hold a connection whose statement fails so."""
    telemetry = Telemetry(CollectorRegistry(), "api", "test")
    database = Database(
        DatabaseSettings(),
        pool_min=1,
        pool_max=1,
        migrations=(),
        make_meter=lambda most, idle: telemetry.pool("postgres", max_connections=most, idle=idle),
    )
    database._measured = FakePool()  # type: ignore[assignment] # all that is asked of one
    async with database.connection():
        raise error


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.LockNotAvailableError("canceling statement due to lock timeout"),
        asyncpg.DeadlockDetectedError("deadlock detected"),
        asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
        asyncpg.TooManyConnectionsError("too many clients already"),
        ConnectionRefusedError("connection refused"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_trying_again_cures_is_unavailable(error: Exception) -> None:
    """A lock that was not had in time is no bug of ours: 503 and not 500."""
    with pytest.raises(DependencyUnavailable):
        asyncio.run(_fail_with(error))


def test_a_mistake_in_a_statement_is_none_of_the_servers() -> None:
    """It would be answered 503 and tried again for ever."""
    with pytest.raises(asyncpg.UndefinedColumnError):
        asyncio.run(_fail_with(asyncpg.UndefinedColumnError("column does not exist")))
