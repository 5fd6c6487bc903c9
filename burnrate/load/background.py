"""A load in a thread of its own, so that the main thread is free for its signals."""

import asyncio
import threading
from types import TracebackType
from typing import Self

from burnrate.load.engine import Engine, LoadFailed
from burnrate.load.stats import Stats

# Content is made within a moment by a healthy service; a sick one gets the client's time-outs.
_READY_SECONDS = 30.0
# Draining and cleaning up are bounded by the engine.
_JOIN_SECONDS = 15.0


class BackgroundLoad:
    """Runs an engine for the `with` block."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._is_ready = threading.Event()
        self._failure: BaseException | None = None
        # A daemon thread: another Ctrl-C while it cleans up ends the process.
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    @property
    def stats(self) -> Stats:
        """What has become of the requests so far."""
        return self._engine.stats

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the load, wait for what is in flight and for the clean-up."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_JOIN_SECONDS)

    def check(self) -> None:
        """Raise what ended the load before its time, if anything did."""
        if self._failure is not None:
            raise self._failure

    def _wait_until_ready(self) -> None:
        if not self._is_ready.wait(_READY_SECONDS):
            raise LoadFailed(f"{self._engine.url} does not answer")
        self.check()

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - it belongs to the main thread
            self._failure = error
        finally:
            self._is_ready.set()

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await self._engine.run(self._stop, self._is_ready.set)
