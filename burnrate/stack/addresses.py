"""Where each part listens: in a container's network, and as a process on this machine.

Configuration files in the tree hold container addresses; as processes all parts share 127.0.0.1,
so each port is moved to the one of this table, or to the one its variable names.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from burnrate.stack.errors import StackError

LOOPBACK = "127.0.0.1"
INSTANCES_VARIABLE = "API_INSTANCES"
# Of which there may be several instances, each a part of its own: `api`, `api-2`, `api-3`.
MANIFOLD = "api"
_MOST_INSTANCES = 8
# By this name a container finds its engine's machine (extra_hosts in docker-compose.yml).
_ENGINE_HOST = re.compile(r"(?<![\w.-])host\.docker\.internal(?![\w-]|\.\w)")
_HIGHEST_PORT = 65535


@dataclass(frozen=True)
class Endpoint:
    """One listening port of a part.

    Attributes:
        container_port: As its container numbers it.
        default_port: Where it listens as a process.
        variable: What moves that port.
    """

    part: str
    container_port: int
    default_port: int
    variable: str


def _endpoint(part: str, container_port: int, default: int = 0, purpose: str = "") -> Endpoint:
    variable = "_".join(word.upper().replace("-", "_") for word in (part, purpose, "port") if word)
    return Endpoint(part, container_port, default or container_port, variable)


# PostgreSQL and Redis move out of the way of the system's own instances; no port is where Linux
# takes those of outgoing connections from (32768 and up), or one that fades could hold it.
ENDPOINTS = (
    _endpoint("nginx", 8080),
    _endpoint("nginx", 8081, purpose="status"),
    _endpoint("api", 8000),
    _endpoint("door", 8090),
    # Beside the door's, which is the one that people know.
    _endpoint("inbox", 8090, 8091),
    _endpoint("postgres", 5432, 15432),
    _endpoint("redis", 6379, 15379),
    _endpoint("prometheus", 9090),
    _endpoint("alertmanager", 9093),
    _endpoint("grafana", 3000),
    _endpoint("loki", 3100),
    # gRPC of Loki and Tempo is theirs alone, but takes a port of the loopback that all share.
    _endpoint("loki", 9095, purpose="grpc"),
    _endpoint("tempo", 3200),
    _endpoint("tempo", 4318, purpose="otlp"),
    _endpoint("tempo", 9096, purpose="grpc"),
    _endpoint("alloy", 12345),
    _endpoint("postgres-exporter", 9187),
    _endpoint("redis-exporter", 9121),
    _endpoint("nginx-exporter", 9113),
    _endpoint("node-exporter", 9100),
)
PARTS = tuple(dict.fromkeys(endpoint.part for endpoint in ENDPOINTS))
# Has an address in containers only.
_CONTAINER_ONLY = ("docker-proxy",)
# Parts that have no port of their own beside the door's: the path below which each answers, there
# and inside (docker-compose.yml tells them).
BEHIND_THE_DOOR: Mapping[str, str] = {
    "inbox": "",
    "prometheus": "/prometheus",
    "alertmanager": "/alertmanager",
    "grafana": "/grafana",
}
# Those of them that ask for the machine's login.
LOCKED: frozenset[str] = frozenset({"inbox", "prometheus", "alertmanager"})
# Passes on, between networks that only containers have; as processes, its addresses are those of
# the part behind it.
RELAYS: Mapping[str, str] = {"nginx-status": "nginx"}

_PART_ADDRESS = re.compile(
    rf"(?<![\w.-])({MANIFOLD}-\d+|"
    + "|".join(re.escape(name) for name in (*RELAYS, *PARTS, *_CONTAINER_ONLY))
    # From three digits on: "postgres:17" is a version.
    + r"):(\d{3,5})(?![\w.])"
)
_ANY_ADDRESS = re.compile(r"(?<![\d.])0\.0\.0\.0(?::(\d{1,5}))?(?![\d./])")
_LISTEN = re.compile(r"(\blisten\s+|_listen_port:\s*)(\d{1,5})(?=[\s;]|$)", re.MULTILINE)


@dataclass(frozen=True)
class AddressMap:
    """The ports of this run, and the translation of text that names container addresses."""

    ports: Mapping[Endpoint, int] = field(
        default_factory=lambda: {endpoint: endpoint.default_port for endpoint in ENDPOINTS}
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "AddressMap":
        """Take moved ports from variables.

        Raises:
            StackError: some of them are no ports; it names them all.
        """
        endpoints = (*ENDPOINTS, *_further_endpoints(environment))
        texts = {each: environment.get(each.variable) or each.default_port for each in endpoints}
        wrong = [f"{e.variable} is {t!r}" for e, t in texts.items() if not _is_port(str(t))]
        if wrong:
            raise StackError(f"{', '.join(wrong)}: it must be 1 to {_HIGHEST_PORT}")
        return cls({endpoint: int(text) for endpoint, text in texts.items()})

    def of_part(self, part: str) -> dict[Endpoint, int]:
        """Return the part's ports, its main one first."""
        return {endpoint: port for endpoint, port in self.ports.items() if endpoint.part == part}

    def by_variable(self) -> dict[str, int]:
        """Return all ports by the names of their variables."""
        return {endpoint.variable: port for endpoint, port in self.ports.items()}

    def port(self, part: str, container_port: int | None = None) -> int:
        """Return where the part listens here.

        Args:
            part: Its name.
            container_port: The port as its container numbers it; None for the main one.

        Raises:
            KeyError: it has no such port.
        """
        for endpoint, port in self.of_part(part).items():
            if container_port in (None, endpoint.container_port):
                return port
        raise KeyError((part, container_port))

    def local(self, part: str) -> str:
        """Return where a part answers HTTP as a process, as `address/path`, without a scheme."""
        return f"{LOOPBACK}:{self.port(part)}{BEHIND_THE_DOOR.get(part, '')}"

    def translate(self, text: str, part: str) -> str:
        """Return `text` with the addresses of this machine.

        Args:
            text: Of any kind; what is no known address stays as it is.
            part: Whose text it is: `0.0.0.0:8000` is the part's own port.
        """
        text = _PART_ADDRESS.sub(self._part_address, text)
        text = _ENGINE_HOST.sub(LOOPBACK, text)
        return _ANY_ADDRESS.sub(lambda match: self._any_address(match, part), text)

    def translate_file(self, text: str, part: str) -> str:
        """Translate a configuration file, where a port may stand without an address."""
        return _LISTEN.sub(lambda match: self._bare_port(match, part), self.translate(text, part))

    def _part_address(self, match: re.Match[str]) -> str:
        try:
            part = RELAYS.get(match[1], match[1])
            return f"{LOOPBACK}:{self.port(part, int(match[2]))}"
        except KeyError:
            return match[0]

    def _any_address(self, match: re.Match[str], part: str) -> str:
        if match[1] is None:
            return LOOPBACK
        try:
            return f"{LOOPBACK}:{self.port(part, int(match[1]))}"
        except KeyError:
            return f"{LOOPBACK}:{match[1]}"

    def _bare_port(self, match: re.Match[str], part: str) -> str:
        try:
            port = self.port(part, int(match[2]))
        except KeyError:
            return match[0]
        # nginx takes a port alone as every interface.
        address = "" if match[1].startswith("_") else f"{LOOPBACK}:"
        return f"{match[1]}{address}{port}"


def instance_names(environment: Mapping[str, str]) -> list[str]:
    """Return the names of the service's instances, of which API_INSTANCES says how many.

    Raises:
        StackError: it is no such number.
    """
    text = environment.get(INSTANCES_VARIABLE) or "1"
    if not re.fullmatch(r"[0-9]{1,2}", text) or not 1 <= int(text) <= _MOST_INSTANCES:
        raise StackError(f"{INSTANCES_VARIABLE} is {text!r}: it must be 1 to {_MOST_INSTANCES}")
    return [MANIFOLD, *(f"{MANIFOLD}-{number}" for number in range(2, int(text) + 1))]


def kind_of(part: str) -> str:
    """Return what a part is an instance of: mostly itself."""
    return MANIFOLD if re.fullmatch(rf"{MANIFOLD}-\d+", part) else part


def _further_endpoints(environment: Mapping[str, str]) -> Iterator[Endpoint]:
    """Yield those of the instances after the first, which follow its port."""
    first = next(each for each in ENDPOINTS if each.part == MANIFOLD)
    text = environment.get(first.variable) or str(first.default_port)
    for number, name in enumerate(instance_names(environment)[1:], 1):
        port = (int(text) if _is_port(text) else first.default_port) + number
        yield _endpoint(name, first.container_port, port)


def _is_port(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,5}", text) is not None and 0 < int(text) <= _HIGHEST_PORT


def container_addresses(text: str) -> list[str]:
    """Return the container addresses in `text`, each once, in order."""
    return list(dict.fromkeys(match[0] for match in _PART_ADDRESS.finditer(text)))
