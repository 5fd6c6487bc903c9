"""A secret in a file, read at each use so that it can be rotated without a restart."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from alerting.inbox.errors import TokenFileError

_log = logging.getLogger(__name__)

# 16 characters of base64 or hex are 64 bits or more: enough that guessing over HTTP is hopeless.
_MIN_LENGTH: Final = 16


def read_token(path: Path) -> bytes:
    """Return a file's token, blanks around it cut as Alertmanager cuts them.

    Raises:
        TokenFileError: it holds no usable one.
    """
    try:
        token = path.read_bytes().strip()
    except OSError as error:
        raise TokenFileError(f"{path}: {error.strerror}") from error
    if len(token) < _MIN_LENGTH:
        raise TokenFileError(f"{path}: a token of at least {_MIN_LENGTH} characters is needed")
    if any(not 0x21 <= byte <= 0x7E for byte in token):  # noqa: PLR2004 (visible ASCII)
        raise TokenFileError(f"{path}: one token on one line of visible ASCII is needed")
    return token


class TokenFile:
    """One token on one line of a file."""

    def __init__(self, path: Path, read: Callable[[Path], bytes] = read_token) -> None:
        """Read it.

        Args:
            path: Holds it.
            read: Returns it, or raises TokenFileError.

        Raises:
            TokenFileError: the file holds no usable token.
        """
        self._path = path
        self._read = read
        self._token = self._read(path)

    def read(self) -> bytes:
        """Return the token; the last good one while the file holds none.

        Writing a file truncates it first: a read between the two must not cost an alert.
        """
        try:
            self._token = self._read(self._path)
        except TokenFileError as error:
            _log.warning("the last good token stays in force", extra={"reason": str(error)})
        return self._token
