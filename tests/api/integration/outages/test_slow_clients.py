"""Clients that send their request a byte at a time."""

import asyncio
from pathlib import Path

import pytest

from tests.servers.api import running_api
from tests.servers.front import running_front
from tests.servers.processes import HOST
from tests.support.waiting import PATIENCE_SECONDS

SLOW = 500
# How long nginx waits for a head: 10 s, of which a test need not wait for all.
HEAD = "client_header_timeout 10s;"
SHORTER = HEAD.replace("10s", "3s")


@pytest.mark.timeout(120)
def test_500_slow_clients_are_closed_and_nobody_else_notices(
    backends: dict[str, str], tmp_path: Path
) -> None:
    """A header line each half second keeps no connection: the time is for the whole head."""
    with (
        running_api(**backends, WEB_CONCURRENCY="1") as api,
        running_front(tmp_path, api.port, {HEAD: SHORTER}) as front,
    ):
        probes = asyncio.run(_beside(front.port))
        log = front.log.read_text()
    assert log.count('"status_code":408') == SLOW
    assert set(probes) == {200}


async def _beside(port: int) -> list[int]:
    """Return what probes were answered while there was a slow client."""
    clients = [asyncio.create_task(_dawdle(port)) for _ in range(SLOW)]
    probes = []
    while not all(client.done() for client in clients):
        probes.append(await _probe(port))
        await asyncio.sleep(0.1)
    await asyncio.gather(*clients)
    return probes


async def _dawdle(port: int) -> None:
    """Send one more line of a head twice a second, until the server has had enough."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(b"GET /users HTTP/1.1\r\nHost: x\r\n")
    gone = asyncio.create_task(reader.read())
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not gone.done():
                writer.write(b"X-Slow: x\r\n")
                await asyncio.wait({gone}, timeout=0.5)
    finally:
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        writer.close()


async def _probe(port: int) -> int:
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return int(answer.split()[1])
