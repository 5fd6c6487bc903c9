"""The service without its telemetry, for gunicorn: what all of it costs is the difference."""

import importlib
import logging
import os
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final, ParamSpec, TypeVar

from starlette.applications import Starlette

from burnrate.telemetry.pools import MeasuredExecutor, PoolMeter

P = ParamSpec("P")
T = TypeVar("T")

FACTORY_VARIABLE: Final = "BURNRATE_BENCH_FACTORY"
_log = logging.getLogger(__name__)


def create_app() -> object:
    """Return what the factory in `BURNRATE_BENCH_FACTORY` (`module:name`) makes, uninstrumented.

    Its module may have been imported before, by gunicorn's master; it gets another `instrument`.
    """
    place, _, name = os.environ[FACTORY_VARIABLE].partition(":")
    module = importlib.import_module(place)
    for each in (module, importlib.import_module("burnrate.telemetry")):
        each.__dict__["instrument"] = leave_bare
    app: object = getattr(module, name)()
    return app


def leave_bare(_app: Starlette, **_options: object) -> "NoTelemetry":
    """Do nothing to an application; takes what `instrument` takes."""
    return NoTelemetry()


class NoPool(PoolMeter):
    """Measures nothing of a pool."""

    def __init__(self) -> None:
        """Make no metric."""

    async def attempt(self, acquire: Callable[[], Awaitable[T]]) -> T:
        """Await `acquire`, without counting or timing it."""
        return await acquire()

    def released(self, held_seconds: float) -> None:
        """Count nothing."""

    def sample(self) -> None:
        """Show nothing."""


class _NoCount:
    """Every meter that only counts."""

    def hit(self) -> None: ...
    def miss(self) -> None: ...
    def error(self) -> None: ...
    def allowed(self) -> None: ...
    def limited(self) -> None: ...
    def unavailable(self) -> None: ...


class NoTelemetry:
    """Has what an application asks of `Telemetry`, and measures nothing."""

    def pool(self, _name: str, **_options: object) -> NoPool:
        """Return a meter that measures nothing."""
        return NoPool()

    def executor(
        self,
        *,
        max_workers: int,
        max_pending: int,
        timeout_seconds: float,
        max_long: int | None = None,
    ) -> MeasuredExecutor:
        """Return the same bounded executor, unmeasured."""
        return MeasuredExecutor(
            lambda _: NoPool(),
            max_workers=max_workers,
            max_pending=max_pending,
            timeout_seconds=timeout_seconds,
            max_long=max_long,
        )

    def cache(self, _name: str) -> _NoCount:
        """Return a meter that counts nothing."""
        return _NoCount()

    def rate_limit(self, _name: str) -> _NoCount:
        """Return a meter that counts nothing."""
        return _NoCount()

    def background(
        self, task: str, function: Callable[P, Awaitable[None]]
    ) -> Callable[P, Coroutine[None, None, None]]:
        """Return the task, whose failure is logged and not raised."""

        async def run(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                await function(*args, **kwargs)
            except Exception:  # noqa: BLE001 - whatever it raises, nobody is left to raise to
                _log.exception("background task %s failed", task)

        return run
