"""The thread of a process that looks at its open requests."""

import weakref
from threading import Event, Thread
from typing import Final, Protocol

from burnrate.telemetry.deadlines.limits import Limits
from burnrate.telemetry.failures import guard
from burnrate.telemetry.platforms import after_fork

# A deadline is noticed this much later at most; a look costs a microsecond while nothing is late.
_INTERVAL_SECONDS: Final = 0.5


class Watched(Protocol):
    """A request that is not answered yet."""

    def look(self) -> bool:
        """Count it if it is late; return False where it and all younger ones cannot be."""

    def abandon(self) -> None:
        """Count it as failed: its process ends before it."""


class Sweeper:
    """Looks twice a second at what is open, oldest first, whatever the event loop does.

    A fork takes no threads along: the child begins with nothing open, and `start` makes its own.

    Args:
        watched: What is open, in the order in which it began. Whoever takes a key out of it counts
            the request: a deletion is atomic, so it needs no lock.
        limits: The deadlines.
    """

    def __init__(self, watched: dict[Watched, None], limits: Limits) -> None:
        self._watched = watched
        self._limits = limits
        self._stopped = Event()
        self._thread: Thread | None = None
        _sweepers.add(self)

    @property
    def is_running(self) -> bool:
        """Whether it looks by itself."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin to look; harmless when begun already.

        Raises:
            RuntimeError: No thread can be started.
        """
        if self.is_running:
            return
        self._stopped = Event()
        # It must not keep a process from ending.
        thread = Thread(
            target=self._run, args=(self._stopped,), name="burnrate-deadlines", daemon=True
        )
        thread.start()
        self._thread = thread

    def stop(self) -> None:
        """End; what nobody will answer any more counts as failed."""
        self._stopped.set()
        self.sweep()
        for each in list(self._watched):
            with guard("requests"):
                each.abandon()

    def sweep(self) -> None:
        """Look once at what is old enough."""
        self._limits.refresh()
        for each in list(self._watched):
            with guard("requests"):
                if not each.look():
                    return

    def forget(self) -> None:
        """Begin anew in a forked child: what is open is its parent's."""
        self._watched.clear()
        self._stopped = Event()
        self._thread = None

    def _run(self, stopped: Event) -> None:
        while not stopped.wait(_INTERVAL_SECONDS):
            with guard("requests"):
                self.sweep()


_sweepers: Final["weakref.WeakSet[Sweeper]"] = weakref.WeakSet()


def _forget_all() -> None:
    for each in list(_sweepers):
        each.forget()


after_fork(_forget_all)
