"""One thread with one SQLite connection, which is opened when needed and again after a failure."""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from alerting.inbox.errors import StoreDamagedError, StoreUnavailableError
from alerting.inbox.store.file.damage import is_damage, is_sound, set_aside
from alerting.inbox.store.file.schema import migrate

T = TypeVar("T")
_log = logging.getLogger(__name__)

# How long to wait for another process that holds the file, a backup for one.
_BUSY_TIMEOUT_SECONDS = 5.0
# More than these waiting means the disk is too slow to ever answer them in time.
_MAX_PENDING = 256


class ConnectionThread:
    """Runs functions one after the other on the connection it owns.

    Attributes:
        replaced_at: When the file was last found to be another one, or gone, while it was open.
    """

    def __init__(
        self,
        path: Path,
        *,
        is_writer: bool,
        timeout_seconds: float,
        identity: Sequence[str] = ("service",),
    ) -> None:
        """Prepare the thread; nothing is opened yet."""
        self._identity = identity
        self._path = path
        self._is_writer = is_writer
        self._timeout_seconds = timeout_seconds
        name = "inbox-writer" if is_writer else "inbox-reader"
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._pending = 0
        self.replaced_at: datetime | None = None

    async def run(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Run one function on the connection.

        Raises:
            StoreUnavailableError: the file cannot be used, or not in time. After a time-out the
                function may still take effect, which the sender's repeat then finds.
        """
        return await self._in_thread(lambda: self._call(function))

    async def _in_thread(self, call: Callable[[], T]) -> T:
        if self._pending >= _MAX_PENDING:
            raise StoreUnavailableError("too many calls are waiting")
        self._pending += 1
        try:
            result = asyncio.get_running_loop().run_in_executor(self._thread, call)
            # Not wait_for: before Python 3.12 it loses a cancellation that comes with the result.
            async with asyncio.timeout(self._timeout_seconds):
                return await result
        except TimeoutError as error:
            raise StoreUnavailableError("no answer in time") from error
        finally:
            self._pending -= 1

    async def replace_damaged(self) -> None:
        """Set the file aside if it is damaged, and begin a new one.

        Raises:
            StoreUnavailableError: that is not possible either.
        """
        await self._in_thread(self._replace_damaged)

    async def close(self) -> None:
        """Close the connection after what is under way, and end the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._drop)
        self._thread.shutdown()

    def _call(self, function: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return function(self._opened())
        except (sqlite3.Error, OSError) as error:
            self._drop()
            kind = StoreDamagedError if is_damage(error) else StoreUnavailableError
            raise kind(str(error)) from error
        except BaseException:
            self._drop()
            raise

    def _replace_damaged(self) -> None:
        self._drop()
        try:
            # Somebody was faster, or has put a sound file in its place.
            if not self._path.exists() or is_sound(self._path):
                return
            aside = set_aside(self._path, datetime.now(UTC))
            self._connection = self._open()
            self._inode = self._path.stat().st_ino
        except (sqlite3.Error, OSError) as error:
            raise StoreUnavailableError(str(error)) from error
        _log.critical(
            "the store is damaged: it is set aside, and a new one begun",
            extra={"set_aside": str(aside)},
        )

    def _opened(self) -> sqlite3.Connection:
        # A file that was removed or replaced goes on taking writes that nobody will ever read.
        if self._connection is not None and not self._is_same_file():
            self._drop()
            if self._is_writer:
                self.replaced_at = datetime.now(UTC)
                _log.error("the store's file was deleted or replaced", extra={"path": self._path})
        if self._connection is None:
            self._connection = self._open()
            self._inode = self._path.stat().st_ino
        return self._connection

    def _is_same_file(self) -> bool:
        try:
            return self._path.stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def _open(self) -> sqlite3.Connection:
        # Only the writer makes the file; isolation_level None leaves transactions to us.
        mode = "rwc" if self._is_writer else "rw"
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=_BUSY_TIMEOUT_SECONDS,
            isolation_level=None,
        )
        try:
            if self._is_writer:
                # Counts for a new file: what retention frees can be given back a bit at a time.
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                connection.execute("PRAGMA journal_mode = WAL")
                # In WAL mode only FULL syncs at each commit; NORMAL may lose what was acknowledged.
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA foreign_keys = ON")
                migrate(connection, self._identity)
            else:
                connection.execute("PRAGMA query_only = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()  # rolls an open transaction back
