"""The login that the stack's parts have among each other."""

import base64
import binascii
import hmac
from collections.abc import Generator
from pathlib import Path
from typing import Final

import httpx2

from alerting.inbox.token_file import TokenFile

_NAME: Final = b"burnrate"


class MachineLogin(httpx2.Auth):
    """What the door sends with each request, and what Prometheus and Alertmanager ask for."""

    def __init__(self, file: Path) -> None:
        """Take the file of its password.

        Raises:
            TokenFileError: the file holds no usable one.
        """
        self._file = TokenFile(file)

    def is_given(self, authorization: str) -> bool:
        """Whether an `Authorization` header carries it, compared in constant time."""
        scheme, _, credentials = authorization.partition(" ")
        try:
            given = base64.b64decode(credentials.strip().encode("ascii"), validate=True)
        except (UnicodeEncodeError, binascii.Error):
            return False
        return scheme.lower() == "basic" and hmac.compare_digest(given, self._login())

    def auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Send a request to another part with it."""
        encoded = base64.b64encode(self._login()).decode()
        request.headers["Authorization"] = f"Basic {encoded}"
        yield request

    def _login(self) -> bytes:
        return _NAME + b":" + self._file.read()
