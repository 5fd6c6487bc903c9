"""The bearer tokens the webhook accepts, read from files so that they can be rotated."""

import hmac
import logging
from pathlib import Path

from alerting.inbox.errors import TokenFileError

_log = logging.getLogger(__name__)

# 16 characters of base64 or hex are 64 bits or more: enough that guessing over HTTP is hopeless.
_MIN_LENGTH = 16


class Tokens:
    """Up to two tokens that are valid at once.

    The files are read at each check, as Alertmanager reads its `credentials_file` at each request,
    so a rotation needs no restart: put the new token into the extra file, then into the main
    one, then empty or remove the extra file.
    """

    def __init__(self, token_file: Path, extra_token_file: Path | None = None) -> None:
        """Read the main file.

        Raises:
            TokenFileError: the main file holds no usable token.
        """
        self._token_file = token_file
        self._extra_token_file = extra_token_file
        self._token = _read(token_file)

    def is_valid(self, authorization: str) -> bool:
        """Whether an `Authorization` header carries one of the tokens, in constant time."""
        scheme, _, credentials = authorization.partition(" ")
        # A header may hold any byte; the comparison takes str only while it is ASCII.
        given = credentials.strip().encode("utf-8", "surrogateescape")
        matches = [hmac.compare_digest(given, token) for token in self._current()]
        return scheme.lower() == "bearer" and any(matches)

    def _current(self) -> list[bytes]:
        try:
            self._token = _read(self._token_file)
        except TokenFileError as error:
            # Writing a file truncates it first: a read between the two must not cost
            # an alert, so the last token that was good stays.
            _log.warning("the last good token stays in force", extra={"reason": str(error)})
        tokens = [self._token]
        if self._extra_token_file is not None and self._extra_token_file.exists():
            try:
                tokens.append(_read(self._extra_token_file))
            except TokenFileError as error:
                # Here an empty file is how a token is taken back.
                _log.debug("no second token", extra={"reason": str(error)})
        return tokens


def _read(path: Path) -> bytes:
    """One token on one line, blanks around it cut as Alertmanager cuts them."""
    try:
        token = path.read_bytes().strip()
    except OSError as error:
        raise TokenFileError(f"{path}: {error.strerror}") from error
    if len(token) < _MIN_LENGTH:
        raise TokenFileError(f"{path}: a token of at least {_MIN_LENGTH} characters is needed")
    if any(not 0x21 <= byte <= 0x7E for byte in token):  # noqa: PLR2004 (visible ASCII)
        raise TokenFileError(f"{path}: one token on one line of visible ASCII is needed")
    return token
