"""What may be fetched, and what of it is taken."""

import asyncio
import io
import socket
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

import api.documents.fetcher as fetcher_module
from api.documents.fetcher import Fetched, Fetcher, GuardedTransport
from api.errors import InvalidInput
from api.settings import ProcessSettings

PUBLIC = "93.184.215.14"


class Internet:
    """Names and what their servers answer; remembers where connections went."""

    def __init__(self, answer: Callable[[httpx2.Request], httpx2.Response]) -> None:
        self.names: dict[str, list[str]] = {}
        self.requested: list[tuple[str, str, Any]] = []
        self._answer = answer

    def serve(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request."""
        sni = request.extensions.get("sni_hostname")
        self.requested.append((request.url.host, request.headers["Host"], sni))
        return self._answer(request)

    async def resolve(self, host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        """Stand for the resolver."""
        if host not in self.names:
            raise socket.gaierror
        return [(0, 0, 0, "", (address, port)) for address in self.names[host]]

    def fetch(self, url: str, settings: ProcessSettings | None = None) -> tuple[Fetched, bytes]:
        """Fetch as the service does."""
        settings = settings or ProcessSettings()

        async def run() -> tuple[Fetched, bytes]:
            asyncio.get_running_loop().getaddrinfo = self.resolve  # type: ignore[method-assign,assignment]
            fetcher = Fetcher(settings)
            fetcher._client._transport = GuardedTransport(
                httpx2.MockTransport(self.serve), settings.allowed_hosts
            )
            into = io.BytesIO()
            async with fetcher.running():
                return await fetcher.fetch(url, into), into.getvalue()

        return asyncio.run(run())


def _respond(body: bytes, content_type: str = "text/plain", **headers: str) -> httpx2.Response:
    # As from a real server: not read yet.
    headers = {"Content-Type": content_type, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return httpx2.Response(200, headers=headers, stream=httpx2.ByteStream(body))


def _text(_: httpx2.Request) -> httpx2.Response:
    return _respond(b"burning")


def test_connection_goes_to_the_address_that_was_checked() -> None:
    """With the name in the Host header and in TLS, where the certificate is checked against it."""
    internet = Internet(_text)
    internet.names["example.org"] = [PUBLIC]
    fetched, body = internet.fetch("https://example.org/page")
    assert body == b"burning"
    assert fetched == Fetched(is_html=False, charset="utf-8")
    assert internet.requested == [(PUBLIC, "example.org", "example.org")]


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["169.254.169.254"], [PUBLIC, "10.0.0.1"], ["::1"]]
)
def test_name_that_leads_inside_is_refused(addresses: list[str]) -> None:
    """Even if only one of its addresses does."""
    internet = Internet(_text)
    internet.names["inside.example"] = addresses
    with pytest.raises(InvalidInput, match="not a public one") as refusal:
        internet.fetch("http://inside.example/")
    assert refusal.value.location == ("body", "url")
    assert internet.requested == []


def test_redirect_inside_is_refused() -> None:
    """Each hop is checked like the first."""
    redirect = httpx2.Response(302, headers={"Location": "http://inside.example/"})
    internet = Internet(lambda _: redirect)
    internet.names = {"example.org": [PUBLIC], "inside.example": ["10.0.0.1"]}
    with pytest.raises(InvalidInput, match="not a public one"):
        internet.fetch("http://example.org/")
    assert [host for host, _, _ in internet.requested] == [PUBLIC]


def test_redirect_outside_is_followed() -> None:
    """Relative to the name, not to the address."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/old":
            return httpx2.Response(301, headers={"Location": "/new"})
        return _respond(f"{request.headers['Host']}{request.url.path}".encode())

    internet = Internet(answer)
    internet.names["example.org"] = [PUBLIC]
    assert internet.fetch("http://example.org/old")[1] == b"example.org/new"


def test_redirects_end() -> None:
    """Three are followed."""
    loop = httpx2.Response(302, headers={"Location": "/"})
    internet = Internet(lambda _: loop)
    internet.names["example.org"] = [PUBLIC]
    with pytest.raises(InvalidInput, match="redirects too often"):
        internet.fetch("http://example.org/")
    assert len(internet.requested) == 4


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://example.org/", "Only http and https"),
        ("http://example.org:6379/", "Only ports 80 and 443"),
        ("http://unknown.example/", "not known"),
    ],
)
def test_address_of_the_wrong_kind_is_refused(url: str, reason: str) -> None:
    """Before anything is connected to."""
    internet = Internet(_text)
    internet.names["example.org"] = [PUBLIC]
    with pytest.raises(InvalidInput, match=reason):
        internet.fetch(url)
    assert internet.requested == []


def test_allowed_host_may_be_inside() -> None:
    """By name and port, and no other port of it."""
    internet = Internet(_text)
    internet.names["inside.example"] = ["10.0.0.1"]
    settings = ProcessSettings(allowed_hosts=frozenset({"inside.example:8000"}))
    assert internet.fetch("http://inside.example:8000/", settings)[1] == b"burning"
    with pytest.raises(InvalidInput):
        internet.fetch("http://inside.example/", settings)


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (httpx2.Response(404), "answered 404"),
        (_respond(b"x", "text/plain; charset=punycode"), "charset is not known"),
        (_respond(b"x", "image/png"), "not text"),
        (_respond(b"x" * 2_000), "too large"),
        (_respond(b"x", Content_Encoding="gzip"), "compressed"),
    ],
)
def test_document_of_the_wrong_kind_is_refused(response: httpx2.Response, reason: str) -> None:
    """With the reason, and without what the server said."""
    internet = Internet(lambda _: response)
    internet.names["example.org"] = [PUBLIC]
    settings = ProcessSettings(max_document_bytes=1_024)
    with pytest.raises(InvalidInput, match=reason):
        internet.fetch("http://example.org/", settings)


def test_documents_share_one_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many that come at once would keep the event loop from whoever is served."""
    pauses: list[float] = []
    pausing = 0

    async def pause(seconds: float) -> None:
        nonlocal pausing
        pausing += 1
        assert pausing == 1
        pauses.append(seconds)
        await asyncio.sleep(0)
        pausing -= 1

    monkeypatch.setattr(fetcher_module, "_pause", pause)

    async def run() -> None:
        fetcher = Fetcher(ProcessSettings(allowed_hosts=frozenset({"inside"})))
        transport = httpx2.MockTransport(lambda _: _respond(bytes(100_000)))
        fetcher._client._transport = GuardedTransport(transport, frozenset({"inside"}))
        async with fetcher.running():
            fetches = (fetcher.fetch("http://inside/", io.BytesIO()) for _ in range(10))
            await asyncio.gather(*fetches)

    asyncio.run(run())
    assert sum(pauses) * fetcher_module._BYTES_PER_SECOND == pytest.approx(1_000_000)


def test_server_that_hangs_is_refused_in_time() -> None:
    """The whole fetch has one time-out."""

    async def hang(_: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(60)
        return httpx2.Response(200)

    internet = Internet(_text)
    internet.names["example.org"] = [PUBLIC]
    internet.serve = hang  # type: ignore[assignment,method-assign]
    with pytest.raises(InvalidInput, match="in time"):
        internet.fetch("http://example.org/", ProcessSettings(fetch_timeout_seconds=0.05))
