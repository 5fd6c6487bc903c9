"""The PostgreSQL pool: connects in the background, reconnects, and says when it cannot serve."""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NoReturn

import asyncpg

from api.backends.migrations import Migration, migrate
from api.errors import DependencyUnavailable
from api.settings import DatabaseSettings
from burnrate.telemetry.pools import MeasuredPool, PoolMeter, PoolTimeout

logger = logging.getLogger(__name__)

# asyncpg's proxy has the methods of a connection; its stubs do not say so.
Connection = Any

_CONNECT_TIMEOUT_SECONDS = 5.0
_CLOSE_TIMEOUT_SECONDS = 3.0
_FIRST_RETRY_SECONDS = 0.25
# Keeps "ready within 10 s of its return" with room for the connection itself.
_LONGEST_RETRY_SECONDS = 3.0

# What a server that is down, starting, stopping, overloaded or failing over answers. A lock that
# cannot be had and a rolled-back conflict are here too: trying again is the cure for both.
_UNAVAILABLE = (
    OSError,
    TimeoutError,
    PoolTimeout,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
)


class Database:
    """The only access to database connections in this process.

    Args:
        settings: Where the server is and how long to wait for it.
        pool_min: Connections this process keeps.
        pool_max: The most it opens.
        migrations: What the schema must have before anything is served.
        make_meter: Makes the pool's meter from its `max_connections` and `idle`.
    """

    def __init__(
        self,
        settings: DatabaseSettings,
        *,
        pool_min: int,
        pool_max: int,
        migrations: Sequence[Migration],
        make_meter: Callable[[int, Callable[[], int]], PoolMeter],
    ) -> None:
        self._settings = settings
        self._pool_min = min(pool_min, pool_max)
        self._pool_max = pool_max
        self._migrations = migrations
        self._meter = make_meter(pool_max, self._count_idle)
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._measured: MeasuredPool | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connect in the background for as long as the block runs.

        A start waits a little for the first connection, so that a worker that replaces another
        does not answer its first requests with 503; it never fails because of the database.
        """
        connecting = asyncio.create_task(self._connect_until_done(), name="postgres-connect")
        await asyncio.wait({connecting}, timeout=self._settings.startup_wait_seconds)
        try:
            yield
        finally:
            connecting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await connecting
            await self._close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Hold a connection for the block.

        Raises:
            DependencyUnavailable: there is none, or it broke or took too long inside the block.
        """
        try:
            if self._measured is None:
                # Counted like any attempt that fails: the SLI must not miss a whole outage.
                await self._meter.attempt(self._refuse)
            async with self._measured.acquire() as connection:
                with _broken_as_unavailable(connection):
                    yield connection
        except _UNAVAILABLE as error:
            # One line is enough: the stack of a refused connection says nothing.
            logger.warning("database unavailable", extra={"reason": describe(error)})
            raise DependencyUnavailable("postgres") from error

    async def ping(self) -> None:
        """Return when the database has answered.

        Raises:
            DependencyUnavailable: it did not.
        """
        async with self.connection() as connection:
            await connection.execute("SELECT 1")

    async def _refuse(self) -> NoReturn:
        raise DependencyUnavailable("postgres")

    async def _connect_until_done(self) -> None:
        delay = _FIRST_RETRY_SECONDS
        while True:
            try:
                await self._connect()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next try may work
                logger.warning(
                    "database not ready", extra={"reason": describe(error), "retry_in": delay}
                )
            else:
                logger.info("database ready")
                return
            # Jittered, so that the workers do not all try at the same moment.
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            delay = min(delay * 2, _LONGEST_RETRY_SECONDS)

    async def _connect(self) -> None:
        first = await asyncpg.connect(**self._options())
        try:
            await migrate(first, self._migrations)
        finally:
            await first.close(timeout=1)
        pool: asyncpg.Pool[asyncpg.Record] = asyncpg.create_pool(
            **self._options(),
            min_size=self._pool_min,
            max_size=self._pool_max,
            max_queries=self._settings.max_queries,
            max_inactive_connection_lifetime=self._settings.idle_lifetime_seconds,
            reset=_leave_as_it_is,
        )
        await pool
        self._pool = pool
        self._measured = MeasuredPool(
            pool, self._meter, acquire_timeout_seconds=self._settings.acquire_timeout_seconds
        )

    def _options(self) -> dict[str, Any]:
        settings = self._settings
        password = settings.password
        statement_timeout_ms = int(settings.statement_timeout_seconds * 1000)
        return {
            "host": settings.host,
            "port": settings.port,
            "database": settings.name,
            "user": settings.user,
            "password": password.get_secret_value() if password else None,
            "timeout": _CONNECT_TIMEOUT_SECONDS,
            "command_timeout": settings.command_timeout_seconds,
            "server_settings": {
                "application_name": "burnrate-api",
                "statement_timeout": str(statement_timeout_ms),
                # A transaction left open by a bug must not hold its locks for ever.
                "idle_in_transaction_session_timeout": str(10 * statement_timeout_ms),
                # Times in JSON that the server makes are in the session's zone.
                "timezone": "UTC",
                # Compiling costs more than these short statements take.
                "jit": "off",
            },
        }

    def _count_idle(self) -> int:
        return self._pool.get_idle_size() if self._pool is not None else 0

    async def _close(self) -> None:
        pool, self._pool, self._measured = self._pool, None, None
        if pool is None:
            return
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_SECONDS):
                await pool.close()
        except Exception:  # noqa: BLE001 - going away, politely or not
            pool.terminate()


async def _leave_as_it_is(_: object) -> None:
    """Spare each release a round trip: nothing here changes a session.

    A transaction that is still open asyncpg rolls back before this.
    """


@contextmanager
def _broken_as_unavailable(connection: Connection) -> Iterator[None]:
    """Tell a lost connection from a wrong call: asyncpg raises the same errors for both."""
    try:
        yield
    except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        if not connection.is_closed():
            raise
        raise ConnectionResetError("the database closed the connection") from error


def describe(error: BaseException) -> str:
    """Return one short line about an error, without what a server may have put into it."""
    text = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {text}"[:200] if text else type(error).__name__
