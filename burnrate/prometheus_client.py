"""A Prometheus anywhere, asked by HTTP for what it holds."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import httpx2

from burnrate.http_client import NoAnswer, refusal


class PrometheusClient:
    """A Prometheus. As a context it closes the connections.

    Args:
        url: Its address; a name and a password in it are used and never shown.
        timeout_seconds: How long an answer may take.
        transport: What carries the requests; a test's own.

    Attributes:
        address: Its address without name and password.
    """

    def __init__(
        self, url: str, timeout_seconds: float, transport: httpx2.BaseTransport | None = None
    ) -> None:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        self.address = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self._client = httpx2.Client(
            base_url=url.rstrip("/"), timeout=timeout_seconds, trust_env=False, transport=transport
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close its connections."""
        self._client.close()

    def ask(self, path: str, asked: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Return the data of an answer.

        Args:
            path: Below /api/v1/.
            asked: Sent as a form, which may be long; without it the path is got.

        Raises:
            NoAnswer: Prometheus does not answer, or refuses it.
        """
        try:
            if asked is None:
                response = self._client.get(f"/api/v1/{path}")
            else:
                form = {name: str(value) for name, value in asked.items()}
                response = self._client.post(f"/api/v1/{path}", data=form)
        except httpx2.TransportError as error:
            reason = str(error) or type(error).__name__
            raise NoAnswer(f"Prometheus does not answer at {self.address}: {reason}") from error
        try:
            content = response.json() if response.is_success else {}
            return content["data"]
        except (ValueError, KeyError, TypeError) as error:
            raise NoAnswer(f"Prometheus at {self.address}: {refusal(response)}") from error
