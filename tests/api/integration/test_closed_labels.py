"""Whatever clients send, the metrics' series stay a closed set."""

import asyncio
import random
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.api import ApiServer, running_api
from tests.servers.front import Front, running_front
from tests.servers.processes import HOST

REQUESTS = 10_000
CLIENTS = 20
# In everything that is sent and in nothing that the service has by itself.
MARK = "zqx"
PREFIXES = ("", "", "/users", "/posts", "/process", "/health/ready", "/metrics", "/feed", "/docs")


@pytest.fixture
def api(backends: dict[str, str]) -> Iterator[ApiServer]:
    """Run the service, believing nginx."""
    with running_api(**backends, FORWARDED_ALLOW_IPS=HOST, WEB_CONCURRENCY="2") as server:
        yield server


@pytest.fixture
def front(api: ApiServer, tmp_path: Path) -> Iterator[Front]:
    """Run nginx in front of it."""
    with running_front(tmp_path, api.port) as server:
        yield server


def test_random_requests_make_few_series_and_no_label_of_their_own(
    api: ApiServer, front: Front
) -> None:
    """10,000 paths, methods, hosts and header values: half through nginx, half beside it."""
    before = _series(api)
    draw = random.Random(7)  # noqa: S311 - not a secret
    for port in (front.port, api.port):
        asyncio.run(_send(port, [_request(draw) for _ in range(REQUESTS // 2)]))
    after = _series(api)
    # A histogram's buckets are as many as it has bounds, whatever was sent.
    new = {series for series in after - before if "_bucket{" not in series}
    assert len(new) <= 50
    assert not [series for series in after if MARK in series.lower()]
    assert any('endpoint="unmatched",method="OTHER"' in series for series in new)


def _series(api: ApiServer) -> set[str]:
    with api.client() as client:
        lines = client.get("/metrics").text.splitlines()
    return {line.rpartition(" ")[0] for line in lines if not line.startswith("#")}


def _request(draw: random.Random) -> bytes:
    def word() -> str:
        return MARK + "".join(draw.choices(string.ascii_letters + string.digits, k=8))

    method = draw.choice(("GET", "POST", "DELETE", "OPTIONS", "PROPFIND", word().upper()))
    path = f"{draw.choice(PREFIXES)}/{word()}"
    return (
        f"{method} {path}?{word()}={word()} HTTP/1.1\r\n"
        f"Host: {word()}.example\r\nX-Request-ID: {word()}\r\nUser-Agent: {word()}\r\n"
        f"X-Forwarded-For: {word()}\r\n{word()}: {word()}\r\nContent-Length: 0\r\n\r\n"
    ).encode()


async def _send(port: int, requests: list[bytes]) -> None:
    async def client(own: list[bytes]) -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        for request in own:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert not head.startswith((b"http/1.1 500", b"http/1.1 502")), request
            await _skip_body(reader, head)
            if b"connection: close" in head:
                writer.close()
                reader, writer = await asyncio.open_connection(HOST, port)
        writer.close()

    await asyncio.gather(*(client(requests[number::CLIENTS]) for number in range(CLIENTS)))


async def _skip_body(reader: asyncio.StreamReader, head: bytes) -> None:
    if b"transfer-encoding: chunked" in head:
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
        return
    for line in head.splitlines():
        if line.startswith(b"content-length:"):
            await reader.readexactly(int(line.split(b":")[1]))
