"""Fetches a document from an address that a client chose, if it is a public one."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Any, BinaryIO, Final

import httpx2

from api.documents.addresses import is_public
from api.documents.charsets import charset_of
from api.errors import InvalidInput
from api.settings import ProcessSettings

_MAX_REDIRECTS: Final = 3
_MAX_CONNECTIONS: Final = 20
# Of all documents of a process together. A megabyte takes some five milliseconds of the event loop:
# twenty that come at once would have it for a tenth of a second, and two are soon analysed.
_BYTES_PER_SECOND: Final = 16 * 1024 * 1024
_PORTS: Final = {"http": 80, "https": 443}
# What can be analysed as text.
_MEDIA_TYPES: Final = ("text/", "application/json", "application/xml", "application/xhtml+xml")


_pause = asyncio.sleep


class ForbiddenAddress(Exception):
    """The address is not one that may be fetched."""


@dataclass(frozen=True)
class Fetched:
    """What the answer's headers say about the document."""

    is_html: bool
    charset: str


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Connects to public addresses only.

    The name is resolved here and the connection made to the very address that was checked, for
    each redirect again: a name that resolves to something else a moment later gains nothing.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport, allowed_hosts: frozenset[str]) -> None:
        self._inner = inner
        self._allowed_hosts = allowed_hosts

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; raises ForbiddenAddress."""
        url = request.url
        if url.scheme not in _PORTS:
            raise ForbiddenAddress("Only http and https are fetched")
        if not self._is_allowed(url):
            if url.port not in (None, *_PORTS.values()):
                raise ForbiddenAddress("Only ports 80 and 443 are fetched")
            address = await _resolve_public(url.host, url.port or _PORTS[url.scheme])
            # The Host header is set already; TLS must still ask for the name and check it.
            request.extensions = {**request.extensions, "sni_hostname": url.host}
            request.url = url.copy_with(host=address)
        try:
            return await self._inner.handle_async_request(request)
        finally:
            # Redirects are relative to the address that was asked for.
            request.url = url

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    def _is_allowed(self, url: httpx2.URL) -> bool:
        port = url.port or _PORTS[url.scheme]
        return bool({url.host, f"{url.host}:{port}"} & self._allowed_hosts)


class Fetcher:
    """One client for all fetches of this process."""

    def __init__(self, settings: ProcessSettings) -> None:
        self._settings = settings
        self._pace = asyncio.Lock()
        limits = httpx2.Limits(max_connections=_MAX_CONNECTIONS)
        inner = httpx2.AsyncHTTPTransport(limits=limits, retries=0, trust_env=False)
        self._client = httpx2.AsyncClient(
            transport=GuardedTransport(inner, settings.allowed_hosts),
            timeout=settings.fetch_timeout_seconds,
            # By ourselves: the client would read what comes with a redirect, of any length.
            follow_redirects=False,
            trust_env=False,
            cookies=_NoCookies(),
            # A compressed answer could unfold to any size.
            headers={"User-Agent": "burnrate", "Accept-Encoding": "identity"},
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Close the client when the block ends."""
        async with self._client:
            yield

    async def fetch(self, url: str, into: BinaryIO) -> Fetched:
        """Write a document into a file.

        Raises:
            InvalidInput: it cannot be had, for a reason that the message names.
        """
        try:
            async with asyncio.timeout(self._settings.fetch_timeout_seconds):
                return await self._fetch(url, into)
        except ForbiddenAddress as error:
            raise _refused(str(error)) from error
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise _refused("The document did not arrive in time") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            raise _refused("The document could not be fetched") from error

    async def _fetch(self, url: str, into: BinaryIO) -> Fetched:
        request: httpx2.Request | None = self._client.build_request("GET", url)
        redirects = 0
        while request is not None:
            response = await self._client.send(request, stream=True)
            try:
                if response.next_request is None:
                    return await self._take(response, into)
            finally:
                await response.aclose()
            request = response.next_request if redirects < _MAX_REDIRECTS else None
            redirects += 1
        raise _refused("The document's server redirects too often")

    async def _take(self, response: httpx2.Response, into: BinaryIO) -> Fetched:
        if not response.is_success:
            raise _refused(f"The document's server answered {response.status_code}")
        content_type = response.headers.get("content-type", "text/plain").lower()
        if not content_type.startswith(_MEDIA_TYPES):
            raise _refused("The document is not text")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise _refused("The document is compressed although that was not asked for")
        charset = charset_of(content_type)
        if charset is None:
            raise _refused("The document's charset is not known")
        received = 0
        async for chunk in response.aiter_raw():
            received += len(chunk)
            if received > self._settings.max_document_bytes:
                raise _refused("The document is too large")
            into.write(chunk)
            async with self._pace:
                await _pause(len(chunk) / _BYTES_PER_SECOND)
        return Fetched(is_html="html" in content_type.partition(";")[0], charset=charset)


class _NoCookies(CookieJar):
    """Keeps nothing: what one client's document sets must not go out with another's fetch."""

    def extract_cookies(self, response: Any, request: Any) -> None:  # noqa: ANN401 - as its base
        """Look at none, however many there are."""


async def _resolve_public(host: str, port: int) -> str:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ForbiddenAddress("The host is not known") from error
    addresses = [str(entry[4][0]) for entry in found]
    # A private address among public ones is taken for an attack.
    if not addresses or not all(map(is_public, addresses)):
        raise ForbiddenAddress("The host is not a public one")
    return addresses[0]


def _refused(reason: str) -> InvalidInput:
    return InvalidInput(("body", "url"), reason)
