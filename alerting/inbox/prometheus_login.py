"""How the inbox proves itself to a Prometheus, or a Mimir, that is not the stack's own."""

import base64
from collections.abc import Generator
from pathlib import Path

import httpx2

from alerting.inbox.errors import TokenFileError
from alerting.inbox.token_file import TokenFile


class PrometheusLogin(httpx2.Auth):
    """A name and a password, or a bearer token, from a file that is read at each request."""

    def __init__(self, user: str | None, file: Path) -> None:
        """Read it once.

        Args:
            user: The name; None for a bearer token.
            file: Holds the password or the token.

        Raises:
            TokenFileError: it holds none.
        """
        self._user = user
        self._file = TokenFile(file, _read)

    def auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Send a request with it."""
        request.headers["Authorization"] = self._authorization()
        yield request

    def _authorization(self) -> str:
        secret = self._file.read()
        if self._user is None:
            return f"Bearer {secret.decode()}"
        return f"Basic {base64.b64encode(self._user.encode() + b':' + secret).decode()}"


def _read(file: Path) -> bytes:
    """Return a secret of any length and alphabet: it is somebody else's."""
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is no text"
        raise TokenFileError(f"{file}: {reason}") from error
    if not secret or not secret.isprintable():
        raise TokenFileError(f"{file}: one secret on one line is needed")
    return secret.encode()
