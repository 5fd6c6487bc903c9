"""A Prometheus anywhere, asked by HTTP for what it holds."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx2

from burnrate.http_client import HttpClient, NoAnswer, refusal

T = TypeVar("T")
# What reading JSON of another shape raises.
_NOT_ITS_SHAPE = (ValueError, LookupError, TypeError, AttributeError)


class PrometheusClient(HttpClient):
    """A Prometheus. As a context it closes the connections.

    Args:
        url: Its address; a name and a password in it are used and never shown.
        timeout_seconds: How long an answer may take.
        transport: What carries the requests; a test's own.
    """

    def __init__(
        self, url: str, timeout_seconds: float, transport: httpx2.BaseTransport | None = None
    ) -> None:
        super().__init__(
            "Prometheus", url.rstrip("/"), timeout_seconds=timeout_seconds, transport=transport
        )

    def ask(
        self,
        path: str,
        read: Callable[[Any], T],
        asked: Mapping[str, object] | None = None,
    ) -> T:
        """Return what is read from the data of an answer.

        Args:
            path: Below /api/v1/.
            read: Makes it of the JSON; what it stumbles over is no answer of Prometheus'.
            asked: Sent as a form, which may be long; without it the path is got.

        Raises:
            NoAnswer: Prometheus does not answer, or refuses it, or it is something else.
        """
        form = None if asked is None else {name: str(value) for name, value in asked.items()}
        response = self.request("GET" if form is None else "POST", f"/api/v1/{path}", form=form)
        try:
            content = response.json() if response.is_success else {}
            return read(content["data"])
        except _NOT_ITS_SHAPE as error:
            raise NoAnswer(f"Prometheus at {self.url}: {refusal(response)}") from error
