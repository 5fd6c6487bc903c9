"""Parts come up in the order of their dependencies, each one proven healthy."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from burnrate.stack.errors import StackError
from burnrate.stack.logs import last_lines
from burnrate.stack.processes.probes import Health
from burnrate.stack.processes.supervision import ProcessInfo
from burnrate.stack.progress import Progress, waiting_line

_POLL_SECONDS = 0.1
_TAIL_LINES = 10


class ProcessControl(Protocol):
    """What of the supervisor a start needs."""

    def start(self, name: str) -> None:
        """Start a part, without waiting for it."""

    def processes(self) -> Mapping[str, ProcessInfo]:
        """Return the state of each part."""


@dataclass
class _Wait:
    since: float
    detail: str = ""
    pids: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Startup:
    """Starts parts and waits for them; those that do not need each other start together.

    Attributes:
        supervisor: Starts them.
        check: Probes the named parts.
        when_healthy: Called with a part's name before anything that depends on it is started.
        log: Returns where a part's output is.
        say: Takes a line about what is waited for.
        timeout_seconds: How long each part may take.
        optional: What is lost without a part, for each that may fail.
    """

    supervisor: ProcessControl
    check: Callable[[Iterable[str]], Mapping[str, Health]]
    when_healthy: Callable[[str], None]
    log: Callable[[str], Path]
    say: Callable[[str], None]
    timeout_seconds: float
    optional: Mapping[str, str] = field(default_factory=dict)

    def run(self, depends_on: Mapping[str, Collection[str]]) -> Iterator[tuple[str, float]]:
        """Start parts, and yield each one's name when it is healthy, with the seconds that took.

        Args:
            depends_on: The parts, each with what must be healthy first; of that, what is not itself
                a part here is not waited for.

        Raises:
            StackError: a part that is not optional ends, or is not healthy in time, or parts depend
                on each other.
        """
        pending, waiting, settled = dict(depends_on), dict[str, _Wait](), set[str]()
        progress = Progress(self.say)
        while pending or waiting:
            for name, needed in list(pending.items()):
                if settled.issuperset(n for n in needed if n in depends_on):
                    del pending[name]
                    self.supervisor.start(name)
                    waiting[name] = _Wait(time.monotonic())
            if not waiting:
                raise StackError(f"docker-compose.yml: {', '.join(pending)} depend on each other")
            for name, is_healthy in self._settled_ones(waiting):
                settled.add(name)
                progress.news()
                seconds = time.monotonic() - waiting.pop(name).since
                if is_healthy:
                    yield name, seconds
            if waiting:
                progress.tell(waiting_line({name: w.detail for name, w in waiting.items()}))
                time.sleep(_POLL_SECONDS)

    def _settled_ones(self, waiting: Mapping[str, _Wait]) -> list[tuple[str, bool]]:
        """Return the parts that need no more waiting, each with whether it is healthy."""
        health = self.check(waiting)
        infos = self.supervisor.processes()
        result = []
        for name, wait in waiting.items():
            info = infos[name]
            wait.pids.add(info.pid)
            wait.detail = health[name].detail
            if failure := self._failure_of(wait, info):
                self._give_up(name, failure)
                result.append((name, False))
            elif health[name].is_healthy and info.is_up:
                self.when_healthy(name)
                result.append((name, True))
            elif time.monotonic() - wait.since > self.timeout_seconds:
                after = f"after {self.timeout_seconds:.0f} s ({health[name].detail})"
                self._give_up(name, f"is not healthy {after}")
                result.append((name, False))
        return result

    def _failure_of(self, wait: _Wait, info: ProcessInfo) -> str | None:
        # A second process id: it ended and was restarted between two looks.
        return "ended at its start" if info.has_ended or len(wait.pids - {0}) > 1 else None

    def _give_up(self, name: str, what: str) -> None:
        """Say what is lost without an optional part; raise StackError for any other."""
        log = self.log(name)
        if (lost := self.optional.get(name)) is None:
            raise StackError(f"{name} {what}; log: {log}", log_tail=last_lines(log, _TAIL_LINES))
        self.say(f"{name} {what}: {lost}; log: {log}")
