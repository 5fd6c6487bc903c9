"""nginx/nginx.conf before two instances of the api, one or both of which do not answer."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, Signals

import httpx2
import pytest

from burnrate.stack import free_ports
from tests.compose.proxy import Proxy
from tests.compose.servers import ROOT, running_nginx
from tests.servers.processes import ServerProcess
from tests.support.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.integration

_REQUESTS = 60
# As if 31 s and 35 s were less than a tenth.
_SHORT = {
    "proxy_read_timeout 31s": "proxy_read_timeout 2s",
    "proxy_next_upstream_timeout 35s": "proxy_next_upstream_timeout 2500ms",
}
# Counts the requests that reach it.
_INSTANCE = """
import asyncio, sys

async def answer(reader, writer):
    while head := await reader.readuntil(b"\\r\\n\\r\\n"):
        print(head.split()[0].decode(), flush=True)
        await asyncio.sleep(0.01)
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
        await writer.drain()

async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", int(sys.argv[1]), backlog=2048)
    await server.serve_forever()

asyncio.run(main())
"""


@dataclass(frozen=True)
class Pair:
    """Two instances behind nginx."""

    proxy: Proxy
    instances: tuple[ServerProcess, ...]

    def send(self, signal: Signals) -> None:
        """Send both a signal."""
        for each in self.instances:
            each.send(signal)

    def waiting(self) -> int:
        """Return how many clients nginx has got that wait for an answer."""
        status = httpx2.get(f"http://127.0.0.1:{self.proxy.status_port}/stub_status").text
        # The one that asks is among them.
        return int(status.partition("Writing: ")[2].split()[0]) - 1

    def asked(self, method: str = "GET") -> int:
        """Return how many requests reached an instance."""
        return sum(each.log.read_text().split().count(method) for each in self.instances)


def _recommended(ports: Sequence[int]) -> str:
    """Return the lines that docs/production.md gives for two instances."""
    page = (ROOT / "docs/production.md").read_text()
    lines = re.findall(r"^ +server api-\d:8000 .*;$", page, re.MULTILINE)
    assert len(lines) == 2 * len(ports)
    text = "\n".join(lines)
    for number, port in enumerate(ports, 1):
        text = text.replace(f"api-{number}:8000", f"127.0.0.1:{port}")
    return text


@contextmanager
def _running_pair(folder: Path, changes: Mapping[str, str]) -> Iterator[Pair]:
    ports = free_ports(4)
    first, second = (
        ServerProcess([sys.executable, "-c", _INSTANCE, str(port)], folder / f"{port}", port=port)
        for port in ports[:2]
    )
    replacements = {
        "server api:8000;": _recommended(ports[:2]),
        "0.0.0.0:8080": f"127.0.0.1:{ports[2]}",
        "0.0.0.0:8081": f"127.0.0.1:{ports[3]}",
        "error_log stderr crit": "error_log stderr error",
        **changes,
    }
    with ExitStack() as stack:
        stack.enter_context(first.running())
        stack.enter_context(second.running())
        nginx = running_nginx(ROOT / "nginx/nginx.conf", folder / "ng", replacements, ports[2])
        log = stack.enter_context(nginx)
        try:
            yield Pair(Proxy(ports[2], ports[3], log), (first, second))
        finally:
            for each in (first, second):
                if each.is_running():
                    each.send(SIGCONT)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Both answer at once; nginx does not wait for long."""
    with _running_pair(tmp_path, _SHORT) as pair:
        yield pair


@pytest.fixture
def patient_pair(tmp_path: Path) -> Iterator[Pair]:
    """Both answer at once; nginx waits as shipped."""
    with _running_pair(tmp_path, {}) as pair:
        yield pair


def _ask(proxy: Proxy, method: str = "GET") -> int:
    url = f"{proxy.url}/users"
    return httpx2.request(method, url, timeout=PATIENCE_SECONDS, trust_env=False).status_code


def _ask_all(proxy: Proxy, pool: Executor) -> list[Future[int]]:
    return [pool.submit(_ask, proxy) for _ in range(_REQUESTS)]


@pytest.fixture
def pool() -> Iterator[Executor]:
    """Clients that ask at once."""
    with ThreadPoolExecutor(_REQUESTS) as threads:
        yield threads


@pytest.mark.parametrize("signal", [SIGKILL, SIGSTOP], ids=["killed", "hanging"])
def test_what_one_instance_does_not_answer_the_other_does(
    pair: Pair, pool: Executor, signal: Signals
) -> None:
    """60 of 60, one by one and all at once; an instance that hangs still accepts connections."""
    pair.instances[0].send(signal)

    one_by_one = [_ask(pair.proxy) for _ in range(_REQUESTS)]
    at_once = [each.result() for each in _ask_all(pair.proxy, pool)]

    assert one_by_one == at_once == [200] * _REQUESTS


def test_what_is_not_idempotent_is_sent_once(pair: Pair, pool: Executor) -> None:
    """Nobody knows what became of it; and it is not given up as soon as another is."""
    pair.send(SIGSTOP)
    posts = [pool.submit(_ask, pair.proxy, "POST") for _ in range(4)]
    assert _ask(pair.proxy) == 504
    pair.send(SIGCONT)

    assert [each.result() for each in posts] == [200] * 4
    assert pair.asked("POST") == 4


def test_all_instances_slow_for_a_while_are_not_asked_again(
    patient_pair: Pair, pool: Executor
) -> None:
    """Asking them twice would keep them slow, and marking them as failed refuse everybody."""
    pair = patient_pair
    pair.send(SIGSTOP)
    asked = _ask_all(pair.proxy, pool)
    wait_until(lambda: pair.waiting() >= _REQUESTS, "all clients")
    pair.send(SIGCONT)

    assert [each.result() for each in asked] == [200] * _REQUESTS
    assert _REQUESTS <= pair.asked() <= 1.1 * _REQUESTS
    assert "no live upstreams" not in pair.proxy.log.read_text()
