"""SQLAlchemy's engines, of threads and of asyncio."""

import logging
from time import perf_counter
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import TimeoutError as SqlalchemyTimeout
from sqlalchemy.pool import Pool, PoolProxiedConnection, SingletonThreadPool, StaticPool

from burnrate.telemetry.metrics import PoolOutcome
from burnrate.telemetry.pools.others.slot import MakeMeter, Slot, find_slot, put_slot

# The label values of the contract, where SQLAlchemy's name is another.
_NAMES: Final = {"postgresql": "postgres"}
_SINCE: Final = "burnrate.since"
_log = logging.getLogger("burnrate.telemetry")


def measure(given: Any, make_meter: MakeMeter) -> None:  # noqa: ANN401 - found by its module
    """Measure the pool of an `Engine` or `AsyncEngine`, also the ones after `dispose()`.

    Args:
        given: The engine, or a pool that belongs to none.
        make_meter: Makes the meter.

    Raises:
        TypeError: It is something else of SQLAlchemy's.
    """
    owner = getattr(given, "sync_engine", given)
    if not isinstance(owner, Engine | Pool):
        raise TypeError(f"{type(given).__qualname__} cannot be measured: give its engine")
    if isinstance(_pool_of(owner), SingletonThreadPool | StaticPool):
        _log.warning("SQLite's connections in memory are not pooled: there is nothing to measure")
        return
    meter = make_meter(_name_of(owner), lambda: _most(_pool_of(owner)), lambda: _idle(owner))
    if find_slot(owner, meter):
        return
    slot = put_slot(owner, meter)
    _listen(_pool_of(owner), slot)
    if isinstance(owner, Engine):
        event.listen(owner, "engine_disposed", lambda engine: _wrap(engine.pool, slot))


def _listen(pool: Pool, slot: Slot) -> None:
    """Count what is given back; SQLAlchemy takes the listeners along to a pool's successor."""

    def given_back(_: object, record: Any) -> None:  # noqa: ANN401 - a ConnectionPoolEntry
        since = record.record_info.pop(_SINCE, None)
        if since is not None:
            slot.meter.released(perf_counter() - since)

    event.listen(pool, "checkin", given_back)
    event.listen(pool, "detach", given_back)
    _wrap(pool, slot)


def _wrap(pool: Pool, slot: Slot) -> None:
    connect = pool.connect

    def measured() -> PoolProxiedConnection:
        with slot.meter.attempting(_outcome_of):
            connection = connect()
        if connection.record_info is not None:
            connection.record_info[_SINCE] = perf_counter()
        return connection

    pool.connect = measured  # type: ignore[method-assign]


def _outcome_of(error: BaseException) -> PoolOutcome | None:
    return "timeout" if isinstance(error, SqlalchemyTimeout) else None


def _pool_of(owner: Engine | Pool) -> Pool:
    return owner.pool if isinstance(owner, Engine) else owner


def _name_of(owner: Engine | Pool) -> str:
    if isinstance(owner, Pool):
        return "sqlalchemy"
    return _NAMES.get(owner.dialect.name, owner.dialect.name)


def _most(pool: Any) -> int | None:  # noqa: ANN401 - of any class; only queues have a size
    if not hasattr(pool, "size"):
        return None
    overflow = getattr(pool, "_max_overflow", 0)
    return None if overflow < 0 else pool.size() + overflow


def _idle(owner: Engine | Pool) -> int:
    count: Any = getattr(_pool_of(owner), "checkedin", None)
    return 0 if count is None else count()
