"""Another way to people, for when alerts no longer arrive."""

import logging
from typing import Any

import httpx2

_log = logging.getLogger(__name__)


class Fallback:
    """One webhook that takes JSON.

    `text` is what chat programs' incoming webhooks show; the other fields are for programs.
    """

    def __init__(self, url: str, client: httpx2.AsyncClient) -> None:
        """Take the address, which is not logged: it is often a secret."""
        self._url = url
        self._client = client

    async def send(self, text: str, fields: dict[str, Any]) -> bool:
        """Send once, and return whether it was taken; a failure is logged and not raised."""
        try:
            answer = await self._client.post(self._url, json={"text": text} | fields)
        except httpx2.HTTPError as error:
            _log.warning("the fallback cannot be reached", extra={"reason": type(error).__name__})
            return False
        # A redirect is no success either: it would be followed by an empty GET.
        if not answer.is_success:
            _log.warning("the fallback refuses", extra={"status_code": answer.status_code})
        return answer.is_success
