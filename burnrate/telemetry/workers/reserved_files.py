"""Memory-mapped files whose disk space is taken beforehand.

A write into a mapped page for which the disk has no room is no error but SIGBUS: it kills the
process. So the space is reserved when a file grows.
"""

import mmap
import os
from pathlib import Path


def map_reserved(descriptor: int, size: int) -> mmap.mmap:
    """Return a writable mapping of the file's first `size` bytes.

    Args:
        descriptor: Of a file that is open for writing; it grows where it is shorter.
        size: Bytes.

    Raises:
        OSError: The disk has no room for them, or the file may not be written.
    """
    # macOS has no such call: there a full disk can still kill the process.
    getattr(os, "posix_fallocate", _extend)(descriptor, 0, size)
    return mmap.mmap(descriptor, size)


def is_in_place(descriptor: int, path: Path) -> bool:
    """Say whether an open file is still what `path` names: nobody has removed or replaced it."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _extend(descriptor: int, _offset: int, size: int) -> None:
    if os.fstat(descriptor).st_size < size:
        os.truncate(descriptor, size)
