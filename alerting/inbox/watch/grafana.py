"""Whether Grafana answers, so that no link leads where nothing is."""

from collections.abc import Callable

import httpx2

_FAULT = 500


class GrafanaProbe:
    """Asks each time it is called.

    Attributes:
        is_answered: Whether it answered last; it is believed to until it was asked.
    """

    def __init__(self, url: str, client: httpx2.AsyncClient, on_news: Callable[[], None]) -> None:
        """Take its address as this process reaches it, and what is called when it comes or goes."""
        self._url = url
        self._client = client
        self._on_news = on_news
        self.is_answered = True

    async def __call__(self) -> None:
        """Ask once; a way to a login or to another path is an answer as well."""
        was_answered = self.is_answered
        try:
            answer = await self._client.get(f"{self._url}/api/health")
            self.is_answered = answer.status_code < _FAULT
        except httpx2.HTTPError:
            self.is_answered = False
        if self.is_answered != was_answered:
            self._on_news()
