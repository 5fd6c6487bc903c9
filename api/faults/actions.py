"""The faults themselves, each bounded in time."""

import asyncio
import contextlib
import time
from contextlib import AsyncExitStack

from redis.exceptions import RedisError

from api.backends.postgres import Database
from api.backends.redis import RedisBackend, RedisUnavailable
from api.backends.time_slices import OutOfTime, TimeSlices
from api.errors import DependencyUnavailable
from burnrate.telemetry.pools import MeasuredExecutor, PoolFull, PoolTimeout


class Faults:
    """What a fault route can do to this process."""

    def __init__(self, database: Database, redis: RedisBackend, executor: MeasuredExecutor) -> None:
        self._database = database
        self._redis = redis
        self._executor = executor

    async def hold_postgres(self, connections: int, seconds: float) -> None:
        """Keep pooled connections; raises DependencyUnavailable when there are not so many."""
        async with AsyncExitStack() as held:
            for _ in range(connections):
                await held.enter_async_context(self._database.connection())
            await asyncio.sleep(seconds)

    async def hold_redis(self, connections: int, seconds: float) -> None:
        """Keep pooled connections; raises DependencyUnavailable when there are not so many."""
        async with AsyncExitStack() as held:
            for _ in range(connections):
                try:
                    connection = await self._redis.call(self._redis.pool.get_connection)
                except (RedisUnavailable, RedisError) as error:
                    raise DependencyUnavailable("redis") from error
                held.push_async_callback(self._redis.pool.release, connection)
            await asyncio.sleep(seconds)

    async def burn(self, tasks: int, seconds: float) -> None:
        """Occupy the executor; raises DependencyUnavailable when it is full."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(tasks):
                    group.create_task(self._executor.run(_compute, seconds))
        except* (PoolFull, PoolTimeout) as errors:
            raise DependencyUnavailable("executor") from errors

    def block(self, seconds: float) -> None:
        """Hold up the event loop and everything in this process."""
        time.sleep(seconds)


def _compute(seconds: float) -> None:
    slices = TimeSlices(seconds)
    with contextlib.suppress(OutOfTime):
        while True:
            # As real work here does: what starves is the executor, not the event loop.
            with slices.slice():
                sum(range(10_000))
