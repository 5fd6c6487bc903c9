"""Where lines end up: a descriptor that is written to without waiting for who reads it."""

import contextlib
import os
import select
import socket
import stat
from collections.abc import Callable
from time import monotonic, sleep
from typing import Final

from burnrate.telemetry.platforms import fcntl, termios

# Another process holds the lock for some system calls, as a rule.
_LOCK_ATTEMPTS: Final = 4
_LOCK_SECONDS: Final = 0.000_2
# How often to look whether stdout leads elsewhere by now.
_FOLLOW_SECONDS: Final = 0.2
_NO_BYTES: Final = bytes(4)
_NEWLINE: Final = ord("\n")


class Sink:
    """Writes whole lines to a descriptor, whoever else writes there.

    Several processes may share a pipe or a socket. What it cannot take at once it takes in pieces,
    so a lock keeps the lines of others from coming between them. The lock is on the pipe itself,
    and ends with its holder: a killed worker leaves none behind.

    Args:
        descriptor: Stdout's, as a rule. It is left as it is, since a descriptor that is set to
            non-blocking is so for all processes that share it.

    Attributes:
        is_begun: Whether only a part of the last line is out.
        is_quick: Whether no `put` waits for a disk, which may hang.

    Raises:
        OSError: It is closed.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._own: int | socket.socket | None = None
        self._open()

    def _open(self) -> None:
        self._state = os.fstat(self._descriptor)
        self._followed = monotonic()
        self._empty_bytes = _pipe_bytes(self._descriptor)
        self._is_shared = _can_be_locked(self._descriptor, self._state.st_mode)
        self._is_held = False
        self.is_begun = False
        self.is_quick = fcntl is not None and not stat.S_ISREG(self._state.st_mode)
        self._write: Callable[[bytes], int] | None = None

    def put(self, data: bytes) -> int:
        """Write what there is room for now, and return how many bytes got out.

        Where that is within a line, the next call has to begin with the rest of it.

        Args:
            data: Whole lines.

        Raises:
            OSError: Nothing can be written: the reader is gone, or the disk full.
        """
        self._follow()
        if not self._hold():
            return 0
        done = 0
        try:
            while done < len(data):
                done += self._put_some(data[done:] if done else data)
                self.is_begun = data[done - 1] != _NEWLINE
        except BlockingIOError:
            pass
        except OSError:
            self._let_go()
            if not done:
                raise
        finally:
            if not self.is_begun:
                self._let_go()
        return done

    def close(self) -> None:
        """Let go of what this object has opened itself, until the next `put`."""
        self._let_go()
        own, self._own, self._write = self._own, None, None
        if isinstance(own, int):
            os.close(own)
        elif own is not None:
            own.close()

    def start_anew(self) -> None:
        """Begin in a forked child: what its parent has begun the parent ends."""
        self._is_held = self.is_begun = False

    def _put_some(self, data: bytes) -> int:
        write = self._write = self._write or self._writer()
        if self._is_shared:
            # So much gets out whole or not at all: a process that dies leaves no half of a line.
            data = data[: data.rfind(b"\n", 0, self._room()) + 1 or None]
        return write(data)

    def _room(self) -> int:
        """Return how much is surely taken in one piece where anything is."""
        if self._empty_bytes > select.PIPE_BUF:
            queued = fcntl.ioctl(self._descriptor, termios.FIONREAD, _NO_BYTES)
            if queued == _NO_BYTES:
                return self._empty_bytes
        return select.PIPE_BUF

    def _hold(self) -> bool:
        """Take the lock of a pipe that others write to, too; False where one of them keeps it."""
        for _ in range(_LOCK_ATTEMPTS):
            if self._is_held or not self._is_shared:
                return True
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._is_held = True
            except (BlockingIOError, PermissionError):  # POSIX allows either
                sleep(_LOCK_SECONDS)
        return self._is_held

    def _let_go(self) -> None:
        if self._is_held:
            self._is_held = False
            with contextlib.suppress(OSError):
                fcntl.lockf(self._descriptor, fcntl.LOCK_UN)

    def _follow(self) -> None:
        """Notice that the descriptor leads elsewhere by now, as after gunicorn's daemonizing."""
        now = monotonic()
        if now - self._followed < _FOLLOW_SECONDS:
            return
        self._followed = now
        if not os.path.samestat(os.fstat(self._descriptor), self._state):
            self.close()
            self._open()

    def _writer(self) -> Callable[[bytes], int]:
        """Return what writes without waiting for a reader; it raises BlockingIOError instead."""
        mode = self._state.st_mode
        if stat.S_ISSOCK(mode) and fcntl is not None:
            own = self._own = socket.socket(fileno=os.dup(self._descriptor))
            return lambda data: own.send(data, socket.MSG_DONTWAIT)
        is_pipe = stat.S_ISFIFO(mode) or os.isatty(self._descriptor)
        descriptor = self._descriptor
        if fcntl is None:  # nothing else is known to write without waiting
            return lambda data: os.write(descriptor, data)
        if is_pipe and os.get_blocking(descriptor):
            try:
                # Another opening of the same pipe, non-blocking for this process alone.
                flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
                descriptor = self._own = os.open(f"/proc/self/fd/{descriptor}", flags)
            except OSError:  # another user's, as in a container, or no /proc
                return self._write_where_room
        return lambda data: os.write(descriptor, data)  # files wait for no reader

    def _write_where_room(self, data: bytes) -> int:
        """Write no more than there is surely room for: no other of our processes takes it."""
        room = select.poll()
        room.register(self._descriptor, select.POLLOUT)
        if not room.poll(0):
            raise BlockingIOError
        return os.write(self._descriptor, data[: select.PIPE_BUF])


def _pipe_bytes(descriptor: int) -> int:
    """Return what an empty pipe takes; 0 of anything else."""
    try:
        return int(fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ))
    except (AttributeError, OSError):  # no pipe, or not Linux
        return 0


def _can_be_locked(descriptor: int, mode: int) -> bool:
    """Say whether it is a pipe or socket that others write to as well, and one with locks."""
    if fcntl is None or not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return False
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.lockf(descriptor, fcntl.LOCK_UN)
    except (BlockingIOError, PermissionError):
        return True  # held by another process
    except OSError:
        return False
    return True
