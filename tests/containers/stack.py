"""A copy of the tree whose stack runs as containers, on ports and networks of its own."""

import json
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from ipaddress import IPv4Network
from pathlib import Path
from socket import AF_INET
from typing import Any, cast

import httpx2
import psutil
import yaml

from burnrate.stack import BEHIND_THE_DOOR
from tests.containers.engine import Engine
from tests.containers.images import Images
from tests.servers.checkout import Checkout, below

_LEFT_OUT = "compose.left-out.yml"


def _free_network() -> dict[str, str]:
    """Return settings of a network that nothing here has: beside the defaults, in random order.

    A stack that runs on this engine, or on another one of this machine, is not in the way.
    """
    taken = [
        IPv4Network(f"{each.address}/{each.netmask}", strict=False)
        for addresses in psutil.net_if_addrs().values()
        for each in addresses
        if each.family == AF_INET and each.netmask
    ]
    thirds = random.sample(range(224, 238), 14)
    wanted = (f"{half}.{third}.0/26" for third in thirds for half in ("172.16", "10.213"))
    found = next(
        network
        for network in map(IPv4Network, wanted)
        if not any(network.overlaps(other) for other in taken)
    )
    return {
        "EDGE_SUBNET": str(found),
        "EDGE_RANGE": str(list(found.subnets(1))[1]),
        "NGINX_ADDRESS": str(found[2]),
    }


class Containers(Checkout):
    """A copy of the tree in one engine.

    docker-compose.yml is as it is; what has no image here is left out by a profile.
    """

    def __init__(self, path: Path, engine: Engine, images: Images, **variables: str) -> None:
        self.engine = engine
        self.images = images
        self.project = f"burnrate-{path.parent.name.rpartition('-')[2]}".lower()
        settings = {
            **engine.variables,
            **images.variables,
            **_free_network(),
            "WEB_CONCURRENCY": "2",
            "DOCKER_SOCKET": str(engine.socket),
            "COMPOSE_PROJECT_NAME": self.project,
            "COMPOSE_FILE": f"docker-compose.yml:{_LEFT_OUT}",
            **variables,
        }
        super().__init__(path, **settings)
        left_out = {part: {"profiles": ["no-image"]} for part in images.absent_parts()}
        (path / _LEFT_OUT).write_text(yaml.safe_dump({"services": left_out}), encoding="utf-8")

    def up(self) -> str:
        """Start as containers, which must work."""
        done = self.run("up", "--mode", "containers")
        assert done.returncode == 0, done.stderr + self.compose("ps", "--all").stdout
        return done.stdout

    def compose(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a `docker compose` command on this stack."""
        return subprocess.run(
            ["docker", "compose", *words],
            cwd=self.path,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def containers(self) -> dict[str, dict[str, Any]]:
        """Return the engine's description of each part's container, by its part."""
        label = f"label=com.docker.compose.project={self.project}"
        ids = self.engine.output("ps", "--all", "--quiet", "--filter", label).split()
        found = self.engine.inspect(*ids) if ids else []
        names = [each["Config"]["Labels"]["com.docker.compose.service"] for each in found]
        # The one-shot is done before any part is there.
        return {name: each for name, each in zip(names, found, strict=True) if name != "setup"}

    def container(self, part: str) -> dict[str, Any]:
        """Return the engine's description of one container."""
        (found,) = self.engine.inspect(f"{self.project}-{part}-1")
        return found

    @property
    def gateway(self) -> str:
        """The engine's own address on the edge: whoever comes through a published port."""
        networks = self.container("nginx")["NetworkSettings"]["Networks"]
        return str(networks[f"{self.project}_edge"]["Gateway"])

    def execute(self, part: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside a container."""
        return self.engine.docker("exec", f"{self.project}-{part}-1", *words)

    def log(self, part: str) -> list[dict[str, Any]]:
        """Return the lines of JSON that a container printed, as the engine kept them."""
        done = self.engine.docker("logs", f"{self.project}-{part}-1")
        lines = (done.stdout + done.stderr).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def url(self, part: str, path: str = "") -> str:
        """Return where this machine reaches a part: its own port, or the door's with a login."""
        if part in BEHIND_THE_DOOR:
            place = f"{self.login}@127.0.0.1:{self.ports['DOOR_PORT']}{below(part)}"
        else:
            place = f"127.0.0.1:{self.ports[f'{part.upper()}_PORT']}"
        return f"http://{place}{path}"

    @cached_property
    def login(self) -> str:
        """What the door lets in."""
        name = "/etc/burnrate/secrets/machine_password"
        return f"burnrate:{self.execute('door', 'cat', name).stdout.strip()}"

    def query(self, promql: str) -> list[dict[str, Any]]:
        """Return Prometheus' answer."""
        answer = httpx2.get(self.url("prometheus", "/api/v1/query"), params={"query": promql})
        return cast("list[dict[str, Any]]", answer.json()["data"]["result"])

    def alerts(self, state: str, **labels: str) -> list[dict[str, Any]]:
        """Return what the inbox has."""
        answer = httpx2.get(self.url("inbox", "/alerts"), params={"state": state, **labels})
        return cast("list[dict[str, Any]]", answer.json()["alerts"])


@contextmanager
def copied_stack(engine: Engine, images: Images, **variables: str) -> Iterator[Containers]:
    """Make a copy for a block; afterwards it is down, and nothing of it is left."""
    folder = Path(tempfile.mkdtemp(prefix="burnrate-containers-"))
    stack = Containers(folder / "checkout", engine, images, **variables)
    try:
        yield stack
    finally:
        stack.compose("down", "--volumes")
        label = f"label=com.docker.compose.project={stack.project}"
        kinds = (("ps", "--all"), ("network", "ls"), ("volume", "ls"))
        left = [engine.output(*kind, "--quiet", "--filter", label) for kind in kinds]
        shutil.rmtree(folder)
    assert left == ["", "", ""]
