"""The clients of a scenario: they ask at a rate, wait as long as they are willing to, and count."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

Outcome = Literal["good", "bad", "neither"]

# As docs/slo.md has it.
_DEADLINE_SECONDS: Final = 30.0
_PATIENCE_SECONDS: Final = 5.0
_SERVER_ERROR: Final = 500
_TOO_MANY: Final = 429
# Somebody's limit on a single request, so that a run ends.
_GIVES_UP_SECONDS: Final = 90.0


@dataclass(frozen=True)
class Stream:
    """Requests of one kind.

    Attributes:
        rate: Requests a second.
        leaves_after: When its clients leave, if they are not answered before.
        is_lost: It asks for what no route takes.
    """

    rate: float
    method: str = "GET"
    path: str = "/posts"
    leaves_after: float | None = None
    is_lost: bool = False


@dataclass(frozen=True)
class Answer:
    """What a client got.

    Attributes:
        status: None where there was none.
        seconds: Until the first byte of the answer, or until it left.
        is_closed: It did not leave: its connection was closed, or refused.
    """

    stream: Stream
    status: int | None
    seconds: float
    is_closed: bool = False

    @property
    def outcome(self) -> Outcome:
        """What docs/slo.md calls it, by what the client knows."""
        if self.status is None:
            is_failure = self.is_closed or self.seconds >= _PATIENCE_SECONDS
            return "bad" if is_failure else "neither"
        if self.status >= _SERVER_ERROR:
            return "bad"
        if self.stream.is_lost or self.status == _TOO_MANY:
            return "neither"
        return "bad" if self.seconds > _DEADLINE_SECONDS else "good"

    @property
    def felt(self) -> str:
        """What happened, in a word."""
        if self.is_closed:
            return f"{self.stream.method} closed without an answer"
        return f"{self.stream.method} {self.status or 'left'}"

    @property
    def is_timed(self) -> bool:
        """Whether its seconds are part of what happened."""
        return self.status is None or self.seconds > _DEADLINE_SECONDS


@dataclass
class Clients:
    """Asks `port` until it is told to stop; what it asks for may change meanwhile."""

    port: int
    streams: Sequence[Stream]
    answers: list[Answer] = field(default_factory=list)
    _asking: set[asyncio.Task[None]] = field(default_factory=set)
    _is_over: bool = False

    async def ask(self) -> None:
        """Ask until `finish`; a stream's requests are evenly apart."""
        due: dict[Stream, float] = {}
        while not self._is_over:
            now = time.monotonic()
            for stream in self.streams:
                at = due.setdefault(stream, now)
                if now >= at:
                    due[stream] = max(at + 1 / stream.rate, now - 1)
                    task = asyncio.create_task(self._ask_once(stream))
                    self._asking.add(task)
                    task.add_done_callback(self._asking.discard)
            await asyncio.sleep(0.005)

    async def finish(self) -> None:
        """Stop, and wait for the answers that are still to come."""
        self._is_over = True
        await asyncio.gather(*self._asking)

    def counts(self) -> Counter[Outcome]:
        """Return how many there were of each outcome."""
        return Counter(answer.outcome for answer in self.answers)

    async def _ask_once(self, stream: Stream) -> None:
        began = time.monotonic()
        limit = stream.leaves_after or _GIVES_UP_SECONDS
        status: int | None = None
        is_closed = False
        try:
            async with asyncio.timeout(limit):
                status = await self._status(stream)
        except TimeoutError:
            pass
        except (OSError, asyncio.IncompleteReadError):
            is_closed = True
        self.answers.append(Answer(stream, status, time.monotonic() - began, is_closed))

    async def _status(self, stream: Stream) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            head = f"{stream.method} {stream.path} HTTP/1.1\r\nHost: api\r\nConnection: close\r\n"
            length = "Content-Length: 0\r\n" if stream.method == "POST" else ""
            writer.write(f"{head}{length}\r\n".encode())
            line = await reader.readuntil(b"\r\n")
            return int(line.split()[1])
        finally:
            writer.close()
