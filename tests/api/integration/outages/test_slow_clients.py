"""Clients that send their request a byte at a time."""

import asyncio
from pathlib import Path

from tests.servers.api import running_api
from tests.servers.front import running_front, send_raw
from tests.servers.processes import HOST
from tests.support.waiting import PATIENCE_SECONDS

SLOW = 500
# The probes come from one address, as fast as they are answered.
_WITHOUT_A_RATE = {"limit_req zone=client_rate burst=1000 nodelay;": ""}


def test_500_slow_clients_are_closed_and_nobody_else_notices(
    backends: dict[str, str], tmp_path: Path
) -> None:
    """A header line each half second keeps no connection: the time is for the whole head."""
    with (
        running_api(**backends, WEB_CONCURRENCY="1") as api,
        running_front(tmp_path, api.port, _WITHOUT_A_RATE) as front,
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
        probes.append(await asyncio.to_thread(_probe, port))
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


def _probe(port: int) -> int:
    # From a thread: among 500 tasks on a busy machine it would be a slow client itself.
    request = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    return int(send_raw(port, request).split()[1])
