"""Measures pools of anything that is taken and given back: connections, threads.

`PoolMeter` measures any pool, `MeasuredPool` is asyncpg's and `MeasuredExecutor` one of threads;
`measure_pool` measures those of other libraries as they are. A pool for redis-py that needs that
package stands behind a door of its own, `burnrate.telemetry.pools.redis_pool`.
"""

from burnrate.telemetry.pools.asyncpg_pool import MeasuredPool
from burnrate.telemetry.pools.executor import MeasuredExecutor
from burnrate.telemetry.pools.meter import PoolFull, PoolMeter, PoolTimeout
from burnrate.telemetry.pools.others import measure_pool

__all__ = [
    "MeasuredExecutor",
    "MeasuredPool",
    "PoolFull",
    "PoolMeter",
    "PoolTimeout",
    "measure_pool",
]
