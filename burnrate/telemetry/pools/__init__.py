"""Measures pools of anything that is taken and given back: connections, threads.

`PoolMeter` measures any pool, `MeasuredPool` is asyncpg's and `MeasuredExecutor` one of threads.
redis-py's stands behind a door of its own, `burnrate.telemetry.pools.redis_pool`, since it needs
that package.
"""

from burnrate.telemetry.pools.asyncpg_pool import MeasuredPool
from burnrate.telemetry.pools.executor import MeasuredExecutor
from burnrate.telemetry.pools.meter import PoolFull, PoolMeter, PoolTimeout

__all__ = ["MeasuredExecutor", "MeasuredPool", "PoolFull", "PoolMeter", "PoolTimeout"]
