"""The bearer tokens the webhook accepts, read from files so that they can be rotated."""

import hmac
import logging
from pathlib import Path

from alerting.inbox.errors import TokenFileError
from alerting.inbox.token_file import TokenFile, read_token

_log = logging.getLogger(__name__)


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
        self._token_file = TokenFile(token_file)
        self._extra_token_file = extra_token_file

    def is_valid(self, authorization: str) -> bool:
        """Whether an `Authorization` header carries one of the tokens, in constant time."""
        scheme, _, credentials = authorization.partition(" ")
        # A header may hold any byte; the comparison takes str only while it is ASCII.
        given = credentials.strip().encode("utf-8", "surrogateescape")
        matches = [hmac.compare_digest(given, token) for token in self._current()]
        return scheme.lower() == "bearer" and any(matches)

    def _current(self) -> list[bytes]:
        tokens = [self._token_file.read()]
        if self._extra_token_file is not None and self._extra_token_file.exists():
            try:
                tokens.append(read_token(self._extra_token_file))
            except TokenFileError as error:
                # Here an empty file is how a token is taken back.
                _log.debug("no second token", extra={"reason": str(error)})
        return tokens
