"""The door with the tree's files, in front of small applications that answer anything."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from burnrate.configuration import load_configuration
from burnrate.stack import AddressMap, free_port
from burnrate.stack.render.door import door_files
from burnrate.stack.secrets import change_people, make_secrets, read_people
from tests.compose.servers import ROOT, running_app, running_nginx

# What the door passes on to, and what is asked for to reach it.
PARTS: Mapping[str, tuple[str, str]] = {
    "inbox": ("inbox:8090", "/alerts"),
    "prometheus": ("prometheus:9090", "/prometheus/api/v1/query"),
    "alertmanager": ("alertmanager:9093", "/alertmanager/api/v2/silences"),
    "grafana": ("grafana:3000", "/grafana/api/search"),
}
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Expose-Headers": "Date",
    "Access-Control-Max-Age": "600",
}


def _part(name: str, arrived: list[str]) -> Starlette:
    async def echo(request: Request) -> Response:
        arrived.append(f"{request.method} {request.url.path}")
        answer = {
            "part": name,
            "path": request.scope["raw_path"].decode(),
            "query": request.url.query,
            "headers": request.headers.items(),
            "length": len(await request.body()),
        }
        return JSONResponse(answer, headers=_CORS)

    async def live(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(name)
        await websocket.close()

    methods = ["GET", "POST", "PUT", "DELETE", "OPTIONS"]
    return Starlette(
        routes=[
            WebSocketRoute("/grafana/api/live/ws", live),
            Route("/{path:path}", echo, methods=methods),
        ]
    )


_PLACE = "/etc/burnrate/secrets"
_SECRETS = (
    "door_cookies",
    "door_passwords",
    "door_links",
    "door_grafana",
    "door_machine",
    "machine_password",
)


@dataclass(frozen=True)
class Door:
    """A running door.

    Attributes:
        secrets: The folder of its secrets.
        arrived: Method and path of what got through to a part.
    """

    port: int
    secrets: Path
    log: Path
    arrived: list[str]

    @property
    def people(self) -> dict[str, str]:
        """Who may come in, each with a token."""
        return read_people((self.secrets / "door_people").read_text())

    @property
    def login(self) -> tuple[str, str]:
        """One of them."""
        return next(iter(self.people.items()))

    @property
    def cookie(self) -> dict[str, str]:
        """What a browser sends that has opened the link."""
        return {"Cookie": f"burnrate_door={self.login[1]}"}

    @property
    def host(self) -> str:
        """The host that clients name."""
        return f"localhost:{self.port}"

    @property
    def url(self) -> str:
        """Where people come in."""
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """Send a request as `localhost` and with a cookie, unless the headers say otherwise."""
        given = {"Host": self.host, **self.cookie, **(headers or {})}
        with httpx2.Client(base_url=self.url, trust_env=False) as client:
            return client.request(method, path, headers=given)


@contextmanager
def running_door(
    folder: Path, absent: frozenset[str] = frozenset(), **settings: str
) -> Iterator[Door]:
    """Run the door and the parts behind it; nothing listens where an absent one would be."""
    port, secrets, arrived = free_port(), folder / "secrets", list[str]()
    make_secrets(secrets, _SECRETS, AddressMap(), f"http://localhost:{port}")
    change_people(secrets, "add", "ada")
    make_secrets(secrets, _SECRETS, AddressMap(), f"http://localhost:{port}")
    _write_folder(folder / "door", secrets, settings)
    with ExitStack() as stack:
        replacements = {"0.0.0.0:8090": f"127.0.0.1:{port}", _PLACE: str(secrets)}
        for name, (address, _) in PARTS.items():
            is_there = name not in absent
            part = (
                stack.enter_context(running_app(_part(name, arrived))) if is_there else free_port()
            )
            replacements[address] = f"127.0.0.1:{part}"
        source, folders = ROOT / "nginx/door.conf", {"door": folder / "door"}
        nginx = running_nginx(source, folder / "ng", replacements, port, folders)
        yield Door(port, secrets, stack.enter_context(nginx), arrived)


def _write_folder(folder: Path, secrets: Path, settings: Mapping[str, str]) -> None:
    """Write the door's further files as a start renders them."""
    folder.mkdir()
    rendered = door_files(load_configuration().urls, settings)
    for path in (ROOT / "nginx/door").iterdir():
        text = rendered.get(path.relative_to(ROOT)) or path.read_text()
        (folder / path.name).write_text(text.replace(_PLACE, str(secrets)))


def seen(answer: httpx2.Response) -> dict[str, list[str]]:
    """Return the headers that reached the part."""
    found: dict[str, list[str]] = {}
    for name, value in answer.json()["headers"]:
        found.setdefault(name, []).append(value)
    return found
