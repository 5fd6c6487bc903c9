"""Finds the module that knows a pool's library, without importing any of these libraries."""

import importlib
from typing import Any, Final

from burnrate.telemetry.pools.others.slot import MakeMeter

__all__ = ["MakeMeter", "measure_pool"]

# The library whose class it is, and who knows it. What it imports is there, as the pool is.
_MODULES: Final = {
    "sqlalchemy": "sqlalchemy_engine",
    "psycopg_pool": "psycopg_pools",
    "asyncpg": "asyncpg_native",
    "redis": "redis_client",
    "httpx": "httpx_client",
    "httpx2": "httpx_client",
}
_SUPPORTED: Final = (
    "SQLAlchemy's engines, psycopg_pool's and asyncpg's pools, redis-py's clients and pools, and "
    "httpx's clients; for others there is Telemetry.pool()"
)


def measure_pool(pool: object, make_meter: MakeMeter) -> None:
    """Have a pool's attempts, waits and holds counted from now on, whoever uses it.

    A pool that is measured already goes on with the new meter.

    Args:
        pool: An engine, a pool or a client of a library that is known here.
        make_meter: Makes the meter; what it is given here is what the library says.

    Raises:
        TypeError: It is none of those.
    """
    for each in type(pool).__mro__:
        name = _MODULES.get(each.__module__.partition(".")[0])
        if name is not None:
            module: Any = importlib.import_module(f"{__package__}.{name}")
            module.measure(pool, make_meter)
            return
    raise TypeError(f"{type(pool).__qualname__} cannot be measured: only {_SUPPORTED}")
