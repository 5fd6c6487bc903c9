"""WebSockets that are kept open on the feed while a service is loaded."""

import asyncio
import threading
from types import TracebackType
from typing import Final, Self

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

_RETRY_SECONDS: Final = 0.5
_OPEN_SECONDS: Final = 10.0


class Feeds:
    """Listens for the `with` block, in a thread of its own.

    A worker that leaves closes its feeds, as it must; they are opened again.

    Args:
        url: The service's address, without a slash at the end.
        count: How many are kept open.

    Attributes:
        messages: How many came so far.
    """

    def __init__(self, url: str, count: int) -> None:
        self.messages = 0
        self._address = f"ws{url.removeprefix('http')}/feed"
        self._count = count
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="feeds", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._listen_until_stopped())

    async def _listen_until_stopped(self) -> None:
        listening = [asyncio.create_task(self._listen()) for _ in range(self._count)]
        await self._stop.wait()
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            try:
                async with connect(self._address, proxy=None, open_timeout=_OPEN_SECONDS) as feed:
                    async for _ in feed:
                        self.messages += 1
            except (OSError, TimeoutError, WebSocketException):
                pass  # comes again
            await asyncio.sleep(_RETRY_SECONDS)
