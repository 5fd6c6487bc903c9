"""Wakes whoever follows the changes; what changed is read from the store."""

import asyncio
import contextlib


class Changes:
    """A bell: it carries no news, so nobody can miss any."""

    def __init__(self) -> None:
        """Start silent and open."""
        self._bell = asyncio.Event()
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether the process is ending, so that waiting has no point."""
        return self._is_closed

    @property
    def bell(self) -> asyncio.Event:
        """The next ring; take it before reading the store, and wait for it afterwards."""
        return self._bell

    def ring(self) -> None:
        """Wake everyone who waits."""
        rung, self._bell = self._bell, asyncio.Event()
        rung.set()

    def close(self) -> None:
        """Wake everyone for the last time."""
        self._is_closed = True
        self.ring()


async def wait(bell: asyncio.Event, timeout_seconds: float) -> None:
    """Wait for a ring, or for as long as given."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(bell.wait(), timeout_seconds)
