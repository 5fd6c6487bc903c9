"""HTTP to one part of the stack, for commands: an answer, or the reason why there is none."""

from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self
from urllib.parse import unquote, urlsplit

import httpx2

from burnrate.samples import Samples

# On the loopback. A part that takes longer counts as one that does not answer.
_TIMEOUT_SECONDS: Final = 3.0
_LONGEST_QUOTE: Final = 200


class NoAnswer(Exception):
    """A part does not answer, or not as it should: the message names it and the reason."""


class HttpClient:
    """A part's HTTP address; connections are kept. As a context it closes them.

    Args:
        part: Its name, for messages.
        url: Where it listens, without a slash at the end; a login in it is sent and never shown.
        timeout_seconds: How long an answer may take where a request says nothing else.
        transport: What carries the requests; a test's own.

    Raises:
        NoAnswer: the URL is none.
    """

    def __init__(
        self,
        part: str,
        url: str,
        *,
        timeout_seconds: float = _TIMEOUT_SECONDS,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self.part = part
        try:
            self.url, auth = _split_login(url)
            self._client = httpx2.Client(
                base_url=self.url,
                auth=auth,
                timeout=timeout_seconds,
                trust_env=False,
                transport=transport,
            )
        except (httpx2.InvalidURL, ValueError) as error:
            raise NoAnswer(f"{part} has no such address: {error}") from error

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close its connections."""
        self._client.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        timeout_seconds: float | None = None,
    ) -> httpx2.Response:
        """Return the answer, whatever its status.

        Args:
            method: GET, POST and so on.
            path: Below the part's address, with a slash at the start.
            params: The query.
            json: The body.
            form: The body, where it is a form.
            timeout_seconds: How long this answer may take; None for the client's own.

        Raises:
            NoAnswer: there is none.
        """
        timeout = httpx2.USE_CLIENT_DEFAULT if timeout_seconds is None else timeout_seconds
        try:
            return self._client.request(
                method, path, params=params, json=json, data=form, timeout=timeout
            )
        except httpx2.RequestError as error:
            reason = str(error) or type(error).__name__
            raise NoAnswer(f"{self.part} does not answer at {self.url}: {reason}") from error

    def get(self, path: str, params: Mapping[str, str] | None = None) -> bytes:
        """Return the body of a 2xx.

        Raises:
            NoAnswer: there is no answer, or another status.
        """
        response = self.request("GET", path, params=params)
        if not response.is_success:
            raise NoAnswer(f"{self.part}: GET {path}: {refusal(response)}")
        return response.content

    def samples(self, path: str = "/metrics") -> Samples:
        """Return the metrics that the part exposes.

        Raises:
            NoAnswer: there is no answer, another status, or something else than metrics.
        """
        body = self.get(path)
        try:
            return Samples.read(body.decode())
        except ValueError as error:
            raise NoAnswer(f"{self.part}: GET {path}: {error}") from error


def _split_login(url: str) -> tuple[str, httpx2.BasicAuth | None]:
    parts = urlsplit(url)
    login, at, place = parts.netloc.rpartition("@")
    if not at:
        return url, None
    name, _, password = login.partition(":")
    auth = httpx2.BasicAuth(unquote(name), unquote(password))
    return parts._replace(netloc=place).geturl(), auth


def refusal(response: httpx2.Response) -> str:
    """Return an answer's status and the beginning of its text, in one line."""
    text = " ".join(response.text.split())[:_LONGEST_QUOTE]
    return f"{response.status_code} {text}".strip()
