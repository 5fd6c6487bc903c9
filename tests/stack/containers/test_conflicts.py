"""What is in the way of containers is told before they start, all of it at once."""

import re
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from burnrate.stack import ENDPOINTS, AddressMap, free_port, free_ports, load_compose
from burnrate.stack.containers import conflicts as module
from burnrate.stack.containers.conflicts import EngineConflicts

_ROOT = Path(__file__).parents[3]
_SOCKET = "unix:///var/run/docker.sock"
_IDS = {"BURNRATE_UID": "1000", "BURNRATE_GID": "1000"}
_PORTS = ("NGINX_PORT", "DOOR_PORT")


class Engine:
    """Answers as `docker` does."""

    def __init__(self) -> None:
        self.containers: list[str] = []
        self.networks = ["bridge\t\t172.17.0.0/16 ", "none\t\t", "six\t\tfd00::/64 "]
        self.host: str | None = _SOCKET

    def __call__(self, command: Sequence[str]) -> str | None:
        match command[1]:
            case "ps":
                return "\n".join(self.containers)
            case "context":
                return self.host
        return "id" if "ls" in command else "\n".join(self.networks)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine with nothing of ours, on a machine without networks of its own."""
    monkeypatch.setattr(module, "_interfaces", lambda: iter([]))
    return Engine()


@pytest.fixture
def ports() -> dict[str, str]:
    """Free ones for what containers publish."""
    return {name: str(port) for name, port in zip(_PORTS, free_ports(len(_PORTS)), strict=True)}


@pytest.fixture
def listener() -> Iterator[str]:
    """The port of somebody else's server."""
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        yield str(port)


def _find(engine: Engine, ports: Mapping[str, str], **settings: str) -> list[str]:
    given = {**_IDS, **ports, **settings}
    compose = load_compose(_ROOT / "docker-compose.yml", given)
    addresses = AddressMap.from_environment(given)
    return EngineConflicts(_ROOT, compose, addresses, given, engine).find()


def test_nothing_is_in_the_way_of_the_file_as_it_is(engine: Engine, ports: dict[str, str]) -> None:
    """Its own addresses fit its own network, and its ports have variables."""
    assert _find(engine, ports) == []


def test_all_ports_in_the_way_are_named_at_once(
    engine: Engine, ports: dict[str, str], listener: str
) -> None:
    """With who has them: a program, a container, another part."""
    engine.containers = [f"shop-web\tshop\t\t127.0.0.1:{listener}->80/tcp"]
    taken = {"NGINX_PORT": listener, "DOOR_PORT": listener}
    found = "\n".join(_find(engine, ports | taken))
    assert "(NGINX_PORT)" in found
    assert "(DOOR_PORT)" in found
    assert f"port {listener} for nginx is taken by container shop-web" in found


def test_a_running_stack_is_not_in_its_own_way(
    engine: Engine, ports: dict[str, str], listener: str
) -> None:
    """`up` is harmless while it runs: its own containers hold ports and network."""
    engine.containers = [f"burnrate-nginx-1\tburnrate\t{_ROOT}\t127.0.0.1:{listener}->8080/tcp"]
    engine.networks.append("burnrate_edge\tburnrate\t172.16.238.0/28 ")
    assert _find(engine, ports | {"NGINX_PORT": listener}) == []


def test_another_checkout_of_the_same_name_is_left_alone(
    engine: Engine, ports: dict[str, str], tmp_path: Path
) -> None:
    """Compose would replace its containers; with another name both run."""
    engine.containers = [
        f"burnrate-api-1\tburnrate\t{tmp_path}\t",
        f"burnrate-redis-1\tburnrate\t{tmp_path}/gone\t",
    ]
    (line,) = _find(engine, ports)
    assert f"another checkout, {tmp_path}: " in line
    assert "COMPOSE_PROJECT_NAME" in line
    assert _find(engine, ports, COMPOSE_PROJECT_NAME="two") == []


def test_the_recipe_for_a_second_checkout_leaves_the_first_alone(
    engine: Engine, tmp_path: Path
) -> None:
    """As docs/configuration.md has it: no name, port or address of the first one's."""
    page = (_ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```sh\n(COMPOSE_PROJECT_NAME.*?)^```", page, re.DOTALL | re.MULTILINE)
    recipe = dict(line.split("=") for line in block.splitlines())
    engine.containers = [
        f"burnrate-{e.part}-1\tburnrate\t{tmp_path}\t127.0.0.1:{e.default_port}->1/tcp"
        for e in ENDPOINTS
    ]
    engine.networks.append("burnrate_edge\tburnrate\t172.16.238.0/28 ")
    # Whether the recipe's ports are free is this machine's affair.
    found = [line for line in _find(engine, recipe) if not re.match(r"port \d+ for ", line)]
    assert found == []
    assert set(_PORTS) < set(recipe)
    defaults = {str(endpoint.default_port) for endpoint in ENDPOINTS}
    assert defaults.isdisjoint(recipe.values())


def test_a_network_with_the_same_addresses_is_named(
    engine: Engine, ports: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the engine, or of the machine itself: a VPN's."""
    engine.networks.append("shop_default\tshop\t172.16.0.0/16 ")
    interfaces = [("tun0", IPv4Network("172.16.238.0/24")), ("br-1", IPv4Network("172.17.0.0/16"))]
    monkeypatch.setattr(module, "_interfaces", lambda: iter(interfaces))
    monkeypatch.setattr(sys, "platform", "linux")
    (of_the_engine,) = _find(engine, ports)
    engine.networks.pop()
    (of_the_machine,) = _find(engine, ports)
    assert "overlaps the engine's network shop_default, 172.16.0.0/16: " in of_the_engine
    assert "overlaps this machine's tun0, 172.16.238.0/24: set EDGE_SUBNET" in of_the_machine


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"EDGE_SUBNET": "172.16.239.0/26"}, ["172.16.238.32/27 is not in", "172.16.238.2 is not"]),
        ({"NGINX_ADDRESS": "10.0.0.1"}, ["10.0.0.1 is not in 172.16.238.0/26"]),
        ({"EDGE_SUBNET": "many"}, ["Expected 4 octets in 'many'"]),
    ],
)
def test_addresses_that_do_not_fit_are_named(
    engine: Engine, ports: dict[str, str], settings: dict[str, str], words: list[str]
) -> None:
    """The three settings move together."""
    found = "\n".join(_find(engine, ports, **settings))
    assert all(word in found for word in words)


@pytest.mark.parametrize("host", ["tcp://build.example.org:2376", "ssh://build", None])
def test_an_engine_elsewhere_has_ports_of_its_own(
    engine: Engine, ports: dict[str, str], listener: str, host: str | None
) -> None:
    """What listens here says nothing about it."""
    engine.host = host
    assert _find(engine, ports | {"NGINX_PORT": listener}) == []


def test_the_example_shows_every_port_of_both_modes() -> None:
    """With its default: published ones first, those of plain processes apart."""
    sections = (_ROOT / ".env.example").read_text(encoding="utf-8").split("\n\n")
    shown = [
        [line for line in section.splitlines() if "_PORT=" in line and line.startswith("#")]
        for section in sections
    ]
    published, others = (lines for lines in shown if lines)
    assert {line[1:].partition("=")[0] for line in published} == set(_PORTS)
    assert {*published, *others} == {f"#{e.variable}={e.default_port}" for e in ENDPOINTS}
