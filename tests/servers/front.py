"""nginx with the tree's file in front of a service."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from burnrate.stack import free_port
from tests.compose.servers import ROOT, running_nginx
from tests.servers.processes import HOST
from tests.support.waiting import PATIENCE_SECONDS


@dataclass(frozen=True)
class Front:
    """Where clients come in, and what nginx prints."""

    port: int
    log: Path

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://{HOST}:{self.port}"


@contextmanager
def running_front(
    folder: Path, upstream_port: int, replacements: Mapping[str, str] | None = None
) -> Iterator[Front]:
    """Run nginx for the block, its files in `folder`, with changes to its file."""
    port = free_port()
    addresses = {
        "api:8000": f"{HOST}:{upstream_port}",
        "0.0.0.0:8080": f"{HOST}:{port}",
        "0.0.0.0:8081": f"{HOST}:{free_port()}",
    }
    source = ROOT / "nginx/nginx.conf"
    with running_nginx(
        source, folder / "nginx", {**addresses, **(replacements or {})}, port
    ) as log:
        yield Front(port, log)


def send_raw(port: int, raw: bytes) -> bytes:
    """Send bytes as they are and return everything that comes back."""
    with socket.create_connection((HOST, port), timeout=PATIENCE_SECONDS) as connection:
        answer = b""
        # A reset ends an answer as well as a close does, and may come before all is sent.
        with suppress(ConnectionResetError, BrokenPipeError):
            connection.sendall(raw)
        with suppress(ConnectionResetError):
            while chunk := connection.recv(65536):
                answer += chunk
        return answer
