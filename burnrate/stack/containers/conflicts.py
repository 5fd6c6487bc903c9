"""What is in the way of containers: ports, networks and another checkout, known before a start."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, ip_address, ip_network
from pathlib import Path
from socket import AF_INET

import psutil

from burnrate.stack.addresses import AddressMap
from burnrate.stack.compose import AddressPool, Compose
from burnrate.stack.ports import WantedPort, port_conflicts

Ask = Callable[[Sequence[str]], str | None]

_LABEL = "com.docker.compose.project"
# Go's templates: what is to be known of each, with tabs between.
_CONTAINERS = "\t".join(
    [
        "{{.Names}}",
        f'{{{{.Label "{_LABEL}"}}}}',
        f'{{{{.Label "{_LABEL}.working_dir"}}}}',
        "{{.Ports}}",
    ]
)
_NETWORKS = "\t".join(
    ["{{.Name}}", f'{{{{index .Labels "{_LABEL}"}}}}', "{{range .IPAM.Config}}{{.Subnet}} {{end}}"]
)
_ENGINE_HERE = ("unix://", "npipe://")
_PUBLISHED = re.compile(r":(\d+)(?:-(\d+))?->")
_MOVE = "set EDGE_SUBNET, EDGE_RANGE and NGINX_ADDRESS to free addresses (in .env)"


@dataclass(frozen=True)
class _Container:
    name: str
    project: str
    directory: str
    ports: frozenset[int]


@dataclass(frozen=True)
class _Network:
    name: str
    project: str
    subnets: tuple[IPv4Network, ...]


@dataclass(frozen=True)
class EngineConflicts:
    """Looks for what is in the way of a checkout's containers.

    Attributes:
        checkout: The folder with the compose file.
        compose: That file.
        addresses: The user's ports.
        settings: The user's.
        ask: Runs a command and returns what it prints; None if it fails.
    """

    checkout: Path
    compose: Compose
    addresses: AddressMap
    settings: Mapping[str, str]
    ask: Ask

    def find(self) -> list[str]:
        """Return a line for each, with what to change; none where the engine does not tell."""
        listed = self.ask(["docker", "ps", "--all", "--format", _CONTAINERS])
        if listed is None or not self._is_here():
            return []
        containers = [_container(line) for line in listed.splitlines() if line.strip()]
        return [
            *self._other_checkouts(containers),
            *self._port_conflicts(containers),
            *self._network_conflicts(),
        ]

    @property
    def _project(self) -> str:
        return self.settings.get("COMPOSE_PROJECT_NAME") or self.compose.name

    def _is_here(self) -> bool:
        """Return whether the engine publishes ports on this machine."""
        context = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
        return (self.ask(context) or "").startswith(_ENGINE_HERE)

    def _other_checkouts(self, containers: Sequence[_Container]) -> Iterator[str]:
        ours = os.path.realpath(self.checkout)
        directories = {each.directory for each in containers if each.project == self._project}
        for other in sorted(directories - {"", ours}):
            # What was moved or deleted has nobody who could stop it there.
            if os.path.realpath(other) != ours and Path(other).is_dir():
                yield (
                    f"the containers of project {self._project} are of another checkout, {other}: "
                    "stop it there, or set COMPOSE_PROJECT_NAME to another name (in .env)"
                )

    def _port_conflicts(self, containers: Sequence[_Container]) -> list[str]:
        holders = {port: f"container {each.name}" for each in containers for port in each.ports}
        ours = {p for each in containers if each.project == self._project for p in each.ports}
        return port_conflicts((each for each in self._wanted() if each.port not in ours), holders)

    def _wanted(self) -> Iterator[WantedPort]:
        for part, service in self.compose.services.items():
            for text in service.ports:
                published, container_port = (int(word) for word in text.split(":")[-2:])
                for endpoint in self.addresses.of_part(part):
                    if endpoint.container_port == container_port:
                        yield WantedPort(part, published, endpoint.variable)

    def _network_conflicts(self) -> Iterator[str]:
        taken = list(self._taken_addresses())
        for name, network in self.compose.networks.items():
            for pool in network.ipam.config:
                try:
                    subnet = IPv4Network(pool.subnet or "")
                    parts = {each: ip_network(each) for each in self._fixed(name, pool)}
                except ValueError as error:
                    yield f"the network {name}: {error}: {_MOVE}"
                    continue
                for text, part in parts.items():
                    if not (isinstance(part, IPv4Network) and part.subnet_of(subnet)):
                        yield f"{text} is not in {subnet}, the network {name}: {_MOVE}"
                for whose, other in taken:
                    if subnet.overlaps(other):
                        yield f"the network {name}, {subnet}, overlaps {whose}, {other}: {_MOVE}"

    def _fixed(self, network: str, pool: AddressPool) -> Iterator[str]:
        """Yield the addresses that must be in a network."""
        if pool.ip_range:
            yield pool.ip_range
        for service in self.compose.services.values():
            attachment = service.networks.get(network)
            if attachment is not None and attachment.ipv4_address:
                yield attachment.ipv4_address

    def _taken_addresses(self) -> Iterator[tuple[str, IPv4Network]]:
        networks = self._networks()
        for each in networks:
            if each.project != self._project:
                yield from ((f"the engine's network {each.name}", known) for known in each.subnets)
        if sys.platform == "linux":
            engines = [known for each in networks for known in each.subnets]
            for interface, other in _interfaces():
                if not any(other.overlaps(known) for known in engines):
                    yield f"this machine's {interface}", other

    def _networks(self) -> list[_Network]:
        ids = (self.ask(["docker", "network", "ls", "--quiet"]) or "").split()
        inspect = ["docker", "network", "inspect", *ids, "--format", _NETWORKS]
        return [_network(line) for line in (self.ask(inspect) or "").splitlines() if line.strip()]


def _container(line: str) -> _Container:
    name, project, directory, ports = (line.split("\t") + [""] * 3)[:4]
    ranges = ((int(low), int(high or low)) for low, high in _PUBLISHED.findall(ports))
    numbers = frozenset(port for low, high in ranges for port in range(low, high + 1))
    return _Container(name, project, directory, numbers)


def _network(line: str) -> _Network:
    name, project, subnets = (line.split("\t") + [""] * 2)[:3]
    # The engine may have networks of IPv6 as well.
    found = (ip_network(text, strict=False) for text in subnets.split())
    return _Network(name, project, tuple(each for each in found if isinstance(each, IPv4Network)))


def _interfaces() -> Iterator[tuple[str, IPv4Network]]:
    """Yield this machine's own networks; what an ended engine left behind is down."""
    states = psutil.net_if_stats()
    for name, addresses in psutil.net_if_addrs().items():
        if name not in states or not states[name].isup:
            continue
        for each in addresses:
            if each.family == AF_INET and each.netmask and not ip_address(each.address).is_loopback:
                yield name, IPv4Network(f"{each.address}/{each.netmask}", strict=False)
