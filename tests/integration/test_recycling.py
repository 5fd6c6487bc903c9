"""Workers that come and go lose no request and no count, behind the real nginx."""

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from burnrate.stack import free_port
from tests.compose.servers import ROOT, running_nginx
from tests.telemetry.service import Service, running

pytestmark = pytest.mark.integration

# By default small enough for every run; TRUTH_REQUESTS=50000 is the full measurement.
REQUESTS = int(os.environ.get("TRUTH_REQUESTS", "6000"))
CLIENTS = 16


async def post_all(port: int, count: int) -> Counter[bytes]:
    """POST `count` times over keep-alive connections; return how often which status came back."""
    statuses: Counter[bytes] = Counter()
    head = b"POST /shop/orders/ HTTP/1.1\r\nHost: shop\r\nContent-Length: 200\r\n\r\n"
    request = head + b"x" * 200

    async def client(requests: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(requests):
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            statuses[answer.split()[1]] += 1
            length = next(
                int(line.split(b":")[1])
                for line in answer.lower().splitlines()
                if line.startswith(b"content-length:")
            )
            await reader.readexactly(length)
            if b"connection: close" in answer.lower():
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()

    await asyncio.gather(*(client(count // CLIENTS) for _ in range(CLIENTS)))
    return statuses


def counted(service: Service) -> float:
    labels = {"method": "POST", "endpoint": "/shop/orders/", "status": "200"}
    return service.value("http_requests_total", **labels)


def test_recycling_and_reload_under_post_load_lose_nothing(tmp_path: Path) -> None:
    """Nginx never sees a connection die under a request it may not repeat."""
    half = REQUESTS // 2 // CLIENTS * CLIENTS
    sent = 2 * half
    with running(tmp_path, MAX_REQUESTS="500") as service:
        port, status_port = free_port(), free_port()
        upstream = service.url.removeprefix("http://")
        replacements = {
            "api:8000": upstream,
            "0.0.0.0:8080": f"127.0.0.1:{port}",
            "0.0.0.0:8081": f"127.0.0.1:{status_port}",
            # As fast as it goes, from one address.
            "rate=1000r/s": "rate=100000r/s",
        }
        nginx = ROOT / "nginx" / "nginx.conf"
        with running_nginx(nginx, tmp_path / "nginx", replacements, port):
            statuses = asyncio.run(post_all(port, half))
            service.process.send_signal(signal.SIGHUP)
            statuses += asyncio.run(post_all(port, half))
        assert dict(statuses) == {b"200": sent}
        assert counted(service) == sent
        assert service.value("worker_exits_total", reason="recycled") >= sent // 500 // 4
