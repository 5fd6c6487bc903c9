"""HTTP to one part of the stack, its failures turned into this room's."""

from collections.abc import Mapping
from typing import Any

import httpx2

from burnrate.drill.errors import NoAnswer

# On the loopback; a part that needs longer counts as one that does not answer just now.
_TIMEOUT_SECONDS = 3.0


class Web:
    """A part's HTTP address.

    Args:
        part: Its name, for messages.
        url: Where it listens.
        transport: What carries the requests; a test's own.
    """

    def __init__(self, part: str, url: str, transport: httpx2.BaseTransport | None = None) -> None:
        self.part = part
        self.url = url
        self._client = httpx2.Client(
            base_url=url, timeout=_TIMEOUT_SECONDS, trust_env=False, transport=transport
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
        timeout_seconds: float = _TIMEOUT_SECONDS,
    ) -> httpx2.Response:
        """Return the answer, whatever its status; raises NoAnswer without one."""
        try:
            return self._client.request(
                method, path, params=params, json=json, timeout=timeout_seconds
            )
        except httpx2.TransportError as error:
            raise NoAnswer(f"{self.part} does not answer at {self.url}: {error}") from error

    def get(self, path: str, params: Mapping[str, str] | None = None) -> bytes:
        """Return the body of a 2xx; raises NoAnswer."""
        response = self.request("GET", path, params=params)
        if not response.is_success:
            text = " ".join(response.text.split())[:200]
            raise NoAnswer(f"{self.part}: GET {path}: {response.status_code} {text}")
        return response.content
