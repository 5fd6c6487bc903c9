"""Writes of one moment as one: uvicorn sends the head of an answer and its body in two.

uvloop passes each write on to the system at once. The second costs the same again, here and for
the proxy, which is woken twice.
"""

import asyncio
from typing import Any, Final

# So much is passed on without waiting for the moment to end: the transport says when a client does
# not keep up, and must see what there is to say so.
_MOST_HELD_BYTES: Final = 65_536


class JoinedWrites:
    """A transport that passes on what is written when the event loop has its next turn.

    Everything else goes to the transport itself, at once.

    Args:
        transport: A connection's.
        loop: Its event loop.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.transport = transport
        self.get_extra_info = transport.get_extra_info
        self.is_closing = transport.is_closing
        self._loop = loop
        self._held: list[bytes] = []
        self._held_bytes = 0

    def write(self, data: bytes) -> None:
        """Write some bytes, after those that were written before."""
        if not self._held:
            self._loop.call_soon(self.flush)
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes >= _MOST_HELD_BYTES:
            self.flush()

    def flush(self) -> None:
        """Pass on what is held; without a client it is lost, as it would be in the transport."""
        held, self._held, self._held_bytes = self._held, [], 0
        if held and not self.transport.is_closing():
            self.transport.writelines(held)

    def close(self) -> None:
        """Close once all is written."""
        self.flush()
        self.transport.close()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the transport's own
        """Return whatever else a transport has."""
        return getattr(self.transport, name)
