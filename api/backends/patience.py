"""A time-out that does not take a busy event loop for a server that does not answer.

A timer that fires late says that the loop was at something else: the answer may lie in the socket,
and nobody has looked. A loop that serves a hundred requests comes back to each of them after tens
of milliseconds, and an answer takes two or three such turns to be seen.
"""

import asyncio
from types import TracebackType
from typing import Final, Self

# An idle loop is later than this where the machine has other work, and that counts as busy too.
_LATE_SECONDS: Final = 0.002
# However busy the loop is: a server that does not answer must not hold a request for long.
_MOST_TIMES: Final = 5


class Patience:
    """Raises TimeoutError where the block takes longer, not counting what the loop was late.

    For one `async with`. Where the loop was late the time begins anew, up to four times.

    Args:
        seconds: How long an event loop that has nothing else to do waits.
    """

    __slots__ = ("_due", "_handle", "_left", "_loop", "_scope", "_seconds")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._left = _MOST_TIMES
        self._scope = asyncio.timeout(None)

    async def __aenter__(self) -> Self:
        """Begin to count."""
        self._loop = asyncio.get_running_loop()
        await self._scope.__aenter__()
        self._wait()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End to count; raises TimeoutError in place of the cancellation that it has caused."""
        self._handle.cancel()
        await self._scope.__aexit__(kind, error, trace)

    def _wait(self) -> None:
        self._left -= 1
        self._due = self._loop.time() + self._seconds
        self._handle = self._loop.call_at(self._due, self._look)

    def _look(self) -> None:
        now = self._loop.time()
        if self._left and now - self._due > _LATE_SECONDS:
            self._wait()
        else:
            self._scope.reschedule(now)
