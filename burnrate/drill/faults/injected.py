"""The faults of the drills. Each can be undone at any time, also when it was never applied."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from burnrate.drill.clients.http import Web
from burnrate.drill.errors import DrillError, NoAnswer, UndoFailed

# The service's own limit: no injection outlives a drill that was killed by longer.
LONGEST_INJECTION_SECONDS = 600.0
_CREATED = 201
_OK = 200
_NOT_THERE = 404
_UNDO_TRIES = 5
_RETRY_SECONDS = 1.0
# Longer holds need fewer tries, and each try at a worker whose pool is held already is a failed
# request; shorter ones end sooner, since a hold cannot be called back.
_HOLD_SECONDS = 10.0
_HOLD_RETRY_SECONDS = 0.3
_BURN_SECONDS = 0.5
_ERROR_LINES = 50


class Fault(Protocol):
    """Something that goes wrong on purpose."""

    def apply(self) -> None:
        """Make it go wrong; raises DrillError."""

    def undo(self) -> None:
        """Make it right, wait until it is; raises UndoFailed with what to do by hand."""


class Parts(Protocol):
    """Stops and starts parts of the stack."""

    def stop(self, part: str) -> None: ...
    def start(self, part: str) -> None: ...


@dataclass(frozen=True)
class Injections:
    """A fault in normal routes of the service."""

    service: Web
    routes: Sequence[tuple[str, str]]  # method and template
    kind: str
    delay_seconds: float = 0.0

    def apply(self) -> None:
        """Inject it."""
        for method, route in self.routes:
            body: dict[str, Any] = {"method": method, "route": route, "kind": self.kind}
            body |= {"seconds": LONGEST_INJECTION_SECONDS}
            if self.delay_seconds:
                body["delay_seconds"] = self.delay_seconds
            answer = self.service.request("POST", "/faults/injections", json=body)
            if answer.status_code != _CREATED:
                text = " ".join(answer.text.split())[:200]
                raise DrillError(f"the service refuses the fault: {answer.status_code} {text}")

    def undo(self) -> None:
        """Inject nothing any more."""
        problem = ""
        for _ in range(_UNDO_TRIES):
            try:
                answer = self.service.request("DELETE", "/faults/injections")
                if answer.is_success or answer.status_code == _NOT_THERE:
                    return
                problem = str(answer.status_code)
            except NoAnswer as error:
                problem = str(error)
            time.sleep(_RETRY_SECONDS)
        raise UndoFailed(
            f"the injected faults are still on ({problem}); they end by themselves within "
            f"{LONGEST_INJECTION_SECONDS:.0f} s, or with: "
            f"curl -X DELETE {self.service.url}/faults/injections"
        )


@dataclass(frozen=True)
class StoppedPart:
    """A part that is stopped."""

    parts: Parts
    part: str

    def apply(self) -> None:
        """Stop it."""
        self.parts.stop(self.part)

    def undo(self) -> None:
        """Start it and wait until it is healthy."""
        problem = ""
        for _ in range(2):
            try:
                self.parts.start(self.part)
            except Exception as error:  # noqa: BLE001 - whatever it is, the user must be told
                problem = str(error)
            else:
                return
        raise UndoFailed(
            f"{self.part} does not start ({problem}); start it: burnrate stack start {self.part}"
        )


@dataclass
class Requests:
    """A fault that lasts as long as requests for it are made, by so many threads.

    Args:
        service: Where to.
        path: A fault route.
        body: Its JSON.
        params: Its query.
        threads: How many requests run at the same time.
        longest_seconds: What one request may take.
    """

    service: Web
    path: str
    body: Mapping[str, Any] | None = None
    params: Mapping[str, str] | None = None
    threads: int = 1
    longest_seconds: float = 5.0
    pause_seconds: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _running: list[threading.Thread] = field(default_factory=list)

    def apply(self) -> None:
        """Begin."""
        self._stop.clear()
        for number in range(self.threads):
            thread = threading.Thread(target=self._repeat, name=f"fault-{number}", daemon=True)
            self._running.append(thread)
            thread.start()

    def undo(self) -> None:
        """Make no more and wait for the last ones: the service works them off to their end."""
        self._stop.set()
        deadline = time.monotonic() + self.longest_seconds + 10
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
                    timeout_seconds=self.longest_seconds + 10,
                )
                is_taken = answer.status_code == _OK
            except NoAnswer:
                pass
            self._stop.wait(self.pause_seconds if is_taken else _HOLD_RETRY_SECONDS)


def held_pools(service: Web, pool: str, *, workers: int, connections: int) -> Requests:
    """Return a fault that holds all `connections` of a pool in each of so many workers.

    Which worker takes a request is chance, so one that meets a held pool fails and is made again.
    """
    body = {"pool": pool, "connections": connections, "seconds": _HOLD_SECONDS}
    return Requests(
        service, "/faults/hold", body, threads=workers, longest_seconds=_HOLD_SECONDS + 15
    )


def burnt_executor(service: Web, threads: int) -> Requests:
    """Return a fault that gives one worker after the other thrice the work it has threads for.

    One request at a time: two thirds of its tasks wait, and one processor at most is busy.
    """
    body = {"tasks": 3 * threads, "seconds": _BURN_SECONDS}
    return Requests(service, "/faults/burn", body, longest_seconds=4 * _BURN_SECONDS + 5)


def logged_errors(service: Web) -> Requests:
    """Return a fault that only logs see: errors are logged and requests are answered well."""
    params = {"lines": str(_ERROR_LINES)}
    return Requests(service, "/faults/log", params=params, pause_seconds=1.0)


@dataclass(frozen=True)
class Together:
    """Several faults at once; undone in the opposite order, each whatever becomes of the others."""

    faults: Sequence[Fault]

    def apply(self) -> None:
        """Apply all."""
        for fault in self.faults:
            fault.apply()

    def undo(self) -> None:
        """Undo all."""
        problems = []
        for fault in reversed(self.faults):
            try:
                fault.undo()
            except UndoFailed as error:
                problems.append(str(error))
        if problems:
            raise UndoFailed("; ".join(problems))
