"""Wakes those who follow the changes; what changed is read from the store."""

import asyncio


class ChangeSignal:
    """Says that something changed and never what, so that nobody can miss anything."""

    def __init__(self) -> None:
        """Start with nothing changed, and open."""
        self._next = asyncio.Event()
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether the process is ending, so that waiting has no point."""
        return self._is_closed

    @property
    def next(self) -> asyncio.Event:
        """What the next change sets; take it before reading the store, wait for it afterwards."""
        return self._next

    def notify(self) -> None:
        """Wake everyone who waits."""
        current, self._next = self._next, asyncio.Event()
        current.set()

    def close(self) -> None:
        """Wake everyone for the last time."""
        self._is_closed = True
        self.notify()
