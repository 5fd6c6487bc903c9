"""Faults that last as long as requests for them are made, such as held pools."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from burnrate.drill.errors import UndoFailed
from burnrate.http_client import HttpClient, NoAnswer

_OK = 200
# Longer holds need fewer tries, and each try at a worker whose pool is held already is a failed
# request; shorter ones end sooner, since a hold cannot be called back.
_HOLD_SECONDS = 10.0
_HOLD_RETRY_SECONDS = 0.3
_BURN_SECONDS = 0.5
_ERROR_LINES = 50
# An answer on its way when a request's own time is over.
_GRACE_SECONDS = 10.0


@dataclass
class RepeatedRequests:
    """A fault that lasts as long as requests for it are made, by so many threads.

    Args:
        service: Where to.
        path: A fault route.
        body: Its JSON.
        params: Its query.
        threads: How many requests run at the same time.
        longest_seconds: What one request may take.
        pause_seconds: From an answer to the next request of a thread.
    """

    service: HttpClient
    path: str
    body: Mapping[str, Any] | None = None
    params: Mapping[str, str] | None = None
    threads: int = 1
    longest_seconds: float = 5.0
    pause_seconds: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _running: list[threading.Thread] = field(default_factory=list)

    def apply(self) -> None:
        """Start the threads."""
        self._stop.clear()
        for number in range(self.threads):
            thread = threading.Thread(target=self._repeat, name=f"fault-{number}", daemon=True)
            self._running.append(thread)
            thread.start()

    def undo(self) -> None:
        """Make no more requests and wait for the last ones: the service works them off.

        Raises:
            UndoFailed: they take longer than they may.
        """
        self._stop.set()
        deadline = time.monotonic() + self.longest_seconds + _GRACE_SECONDS
        for thread in self._running:
            thread.join(max(0.0, deadline - time.monotonic()))
        if any(thread.is_alive() for thread in self._running):
            raise UndoFailed("the last fault requests are not answered; they end by themselves")
        self._running.clear()

    def _repeat(self) -> None:
        while not self._stop.is_set():
            is_taken = False
            try:
                answer = self.service.request(
                    "POST",
                    self.path,
                    json=self.body,
                    params=self.params,
                    timeout_seconds=self.longest_seconds + _GRACE_SECONDS,
                )
                is_taken = answer.status_code == _OK
            except NoAnswer:
                pass
            self._stop.wait(self.pause_seconds if is_taken else _HOLD_RETRY_SECONDS)


def held_pools(
    service: HttpClient, pool: str, *, workers: int, connections: int
) -> RepeatedRequests:
    """Return a fault that holds all `connections` of a pool in each of so many workers.

    Which worker takes a request is chance, so one that meets a held pool fails and is made again.
    """
    body = {"pool": pool, "connections": connections, "seconds": _HOLD_SECONDS}
    return RepeatedRequests(
        service, "/faults/hold", body, threads=workers, longest_seconds=_HOLD_SECONDS + 15
    )


def burnt_executor(service: HttpClient, threads: int) -> RepeatedRequests:
    """Return a fault that gives one worker after the other thrice the work it has threads for.

    One request at a time: two thirds of its tasks wait, and one processor at most is busy.
    """
    body = {"tasks": 3 * threads, "seconds": _BURN_SECONDS}
    return RepeatedRequests(service, "/faults/burn", body, longest_seconds=4 * _BURN_SECONDS + 5)


def logged_errors(service: HttpClient) -> RepeatedRequests:
    """Return a fault that only logs see: errors are logged, but requests succeed."""
    params = {"lines": str(_ERROR_LINES)}
    return RepeatedRequests(service, "/faults/log", params=params, pause_seconds=1.0)
