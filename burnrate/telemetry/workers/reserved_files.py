"""Memory-mapped files whose disk space is taken beforehand.

A write into a mapped page for which the disk has no room is no error but SIGBUS: it kills the
process. So the space is reserved when a file grows, and where there is none the process goes on
in memory of its own.
"""

import logging
import mmap
import os

_log = logging.getLogger(__name__)


def map_reserved(descriptor: int, size: int) -> mmap.mmap:
    """Return a writable mapping of the file's first `size` bytes.

    On a full disk it is private memory instead, all zero: what is counted there is in no scrape.

    Args:
        descriptor: Of a file that is open for writing; it grows where it is shorter.
        size: Bytes.
    """
    try:
        # macOS has no such call: there a full disk can still kill the process.
        getattr(os, "posix_fallocate", _extend)(descriptor, 0, size)
        return mmap.mmap(descriptor, size)
    except OSError as error:
        # The only sign of it: from here on this worker's counts are lost, its requests are not.
        _log.critical("no room for metrics", extra={"reason": error.strerror, "bytes": size})
        return mmap.mmap(-1, size)


def _extend(descriptor: int, _offset: int, size: int) -> None:
    os.truncate(descriptor, size)
