"""A text file that changes at once or not at all."""

import os
import tempfile
from pathlib import Path


def replace_text(path: Path, text: str, new_mode: int) -> None:
    """Write a file in place of what is there: a reader sees the old text or the new one.

    Args:
        path: The file, in a folder that exists.
        text: All that it is to hold.
        new_mode: Of a file that is new; another keeps its own.

    Raises:
        OSError: it cannot be written; nothing is left of the try.
    """
    mode = path.stat().st_mode & 0o777 if path.exists() else new_mode
    # mkstemp makes its file with mode 0600.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException as error:
        # A full disk, or Ctrl-C.
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)
        raise
