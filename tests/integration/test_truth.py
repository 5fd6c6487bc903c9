"""The counts equal what the clients saw, with four workers that are recycled all the time."""

import asyncio
import os
import random
from collections import Counter
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.support.waiting import PATIENCE_SECONDS, wait_until, wait_until_async
from tests.telemetry.scraping import scraping
from tests.telemetry.service import Service, running

pytestmark = pytest.mark.integration

# By default small enough for every run; TRUTH_REQUESTS=50000 is the full measurement.
REQUESTS = int(os.environ.get("TRUTH_REQUESTS", "4000"))
CLIENTS = 16
LEAVES = "/shop/orders/{order}/slow"
SLOW_SECONDS = 5.0  # long enough that a busy machine sees the client leave before the answer
KINDS = {
    "/shop/orders/7": "/shop/orders/{order}",
    "/shop/orders/seven": "/shop/orders/{order}",
    "/shop/orders/7/fail": "/shop/orders/{order}/fail",
    "/shop/orders/7/stream": "/shop/orders/{order}/stream",
    "/site/page/home": "/site/page/{name}",
    "/site/elsewhere/{random}": "/site/{path}",
    "/elsewhere/{random}": "unmatched",
}
Seen = Counter[tuple[str, str]]


async def open_connection(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def exchange(port: int, path: str) -> str:
    """Send one request on a connection of its own; return the status, once all has arrived."""
    reader, writer = await open_connection(port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read(-1)
    writer.close()
    return answer.split()[1].decode()


async def leave_early(port: int, marker: Path) -> None:
    """Ask for something slow and hang up once it has begun, before the answer."""
    _, writer = await open_connection(port)
    target = f"/shop/orders/7/slow?seconds={SLOW_SECONDS}&marker={marker}"
    writer.write(f"GET {target} HTTP/1.1\r\nHost: shop\r\n\r\n".encode())
    await writer.drain()
    await wait_until_async(marker.exists, "the request's begin")
    writer.transport.abort()


async def watch(port: int) -> None:
    url = f"ws://127.0.0.1:{port}/shop/orders/7/watch"
    async with connect(url, open_timeout=PATIENCE_SECONDS, ping_interval=None) as socket:
        await socket.send("hello")
        assert [await socket.recv(), await socket.recv()] == ["hello", "7"]


async def send_everything(port: int, folder: Path) -> tuple[Seen, int]:
    """Send the mixture; return what came back by endpoint and status, and the sockets opened."""
    seen: Seen = Counter()
    sockets = 0
    draw = random.Random(7)  # noqa: S311 - not a secret

    async def client(requests: int) -> None:
        nonlocal sockets
        for _ in range(requests):
            number = draw.random()
            if number < 0.03:
                await leave_early(port, folder / f"left-{draw.getrandbits(64)}")
                seen[LEAVES, "499"] += 1
            elif number < 0.06:
                await watch(port)
                sockets += 1
            else:
                path = draw.choice(list(KINDS))
                target = path.replace("{random}", str(draw.getrandbits(64)))
                seen[KINDS[path], await exchange(port, target)] += 1

    await asyncio.gather(*(client(REQUESTS // CLIENTS) for _ in range(CLIENTS)))
    return seen, sockets


def counted(service: Service) -> Seen:
    counts: Seen = Counter()
    for (name, labels), value in service.samples().items():
        found = dict(labels)
        if name == "http_requests_total" and value and found["endpoint"] != "/metrics":
            counts[found["endpoint"], found["status"]] += int(value)
    return counts


def test_counts_equal_what_the_clients_saw(tmp_path: Path) -> None:
    """By endpoint and status: successes, errors, streams, leavers, sockets, random paths."""
    with running(tmp_path, MAX_REQUESTS="300") as service:
        with scraping(service) as fallen:
            port = int(service.url.rpartition(":")[2])
            seen, sockets = asyncio.run(send_everything(port, tmp_path))
        # The handlers of those who left go on to their end.
        wait_until(lambda: service.value("http_requests_in_progress") == 0, "their end")
        assert fallen == [], "a sum that a scrape has shown is never shown smaller again"
        assert counted(service) == seen
        endpoint = "/shop/orders/{order}/watch"
        for direction, messages in (("received", 1), ("sent", 2)):
            value = service.value(
                "websocket_messages_total", endpoint=endpoint, direction=direction
            )
            assert value == messages * sockets
        assert service.value("websocket_connections", endpoint=endpoint) == 0
        assert service.value("worker_exits_total", reason="recycled") >= 4
        assert service.value("worker_exits_total", reason="killed") == 0
