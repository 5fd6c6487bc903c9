"""Requests over real sockets: wrk where it is installed, else a small client of our own."""

import asyncio
import re
import shutil
import subprocess
import time
from typing import Final

from burnrate.cli import CommandError

_RATE: Final = re.compile(r"^Requests/sec:\s+([\d.]+)", re.MULTILINE)
_LENGTH: Final = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_GRACE_SECONDS: Final = 15


def has_wrk() -> bool:
    """Say whether wrk is on the PATH."""
    return shutil.which("wrk") is not None


def requests_per_second(url: str, connections: int, seconds: int) -> float:
    """Return how many requests a second `url` answers over keep-alive connections.

    Raises:
        CommandError: an answer was not a success.
    """
    if has_wrk():
        return _by_wrk(url, connections, seconds)
    return asyncio.run(_by_client(url, connections, seconds))


def _by_wrk(url: str, connections: int, seconds: int) -> float:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", url]
    result = subprocess.run(  # noqa: S603 - arguments are a list, the address is our own server's
        command, capture_output=True, text=True, timeout=seconds + _GRACE_SECONDS, check=False
    )
    return parse_wrk(result.stdout)


def parse_wrk(output: str) -> float:
    """Return the rate that wrk printed.

    Raises:
        CommandError: there were answers that are no success, or there is no rate.
    """
    rate = _RATE.search(output)
    if rate is None or "Non-2xx" in output:
        raise CommandError("the load failed", log_tail=output.splitlines())
    return float(rate[1])


async def _by_client(url: str, connections: int, seconds: int) -> float:
    host, _, path = url.removeprefix("http://").partition("/")
    request = f"GET /{path} HTTP/1.1\r\nhost: {host}\r\n\r\n".encode()
    address, _, port = host.partition(":")
    began = time.perf_counter()
    until = began + seconds
    counts = await asyncio.gather(
        *(_ask(address, int(port), request, until) for _ in range(connections))
    )
    return sum(counts) / (time.perf_counter() - began)


async def _ask(address: str, port: int, request: bytes, until: float) -> int:
    reader, writer = await asyncio.open_connection(address, port)
    count = 0
    try:
        while time.perf_counter() < until:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            if b" 200 " not in head[: head.index(b"\r\n")] or length is None:
                raise CommandError("the load failed", log_tail=head.decode().splitlines())
            await reader.readexactly(int(length[1]))
            count += 1
    finally:
        writer.close()
    return count
