"""docker-compose.yml as a model: what a process needs to know of each service."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from burnrate.durations import DurationSeconds
from burnrate.interpolation import InterpolationError, interpolated
from burnrate.stack.compose.networks import Attachments, Networks
from burnrate.stack.errors import StackError

_DEFAULT_GRACE_SECONDS = 10.0  # Compose's own
_SHORT_MOUNT_PARTS = 2


def _arguments(value: object) -> object:
    return shlex.split(value) if isinstance(value, str) else value


def _scalar(value: object) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _environment(value: object) -> object:
    if isinstance(value, list):
        return {name: text for name, _, text in (str(item).partition("=") for item in value)}
    if isinstance(value, dict):
        return {name: _scalar(item) for name, item in value.items()}
    return value


def _dependencies(value: object) -> object:
    return {name: {} for name in value} if isinstance(value, list) else value


def _mount(value: object) -> object:
    if not isinstance(value, str):
        return value
    source, *rest = value.split(":")
    if not rest:
        raise ValueError(f"volume {value!r} names no source")
    kind = "bind" if source.startswith((".", "/", "~")) else "volume"
    options = rest[1] if len(rest) == _SHORT_MOUNT_PARTS else ""
    read_only = "ro" in options.split(",")
    return {"type": kind, "source": source, "target": rest[0], "read_only": read_only}


def _granted_secret(value: object) -> object:
    return {"source": value} if isinstance(value, str) else value


def _strings(value: object) -> object:
    return [value] if isinstance(value, str) else value


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Mount(_Model):
    """One volume of a service."""

    type: Literal["bind", "volume", "tmpfs"]
    source: str | None = None
    target: str
    read_only: bool = False


class GrantedSecret(_Model):
    """A secret a service may read."""

    source: str
    target: str | None = None

    @property
    def path(self) -> str:
        """Where the service finds it."""
        target = self.target or self.source
        return target if target.startswith("/") else f"/run/secrets/{target}"


class Dependency(_Model):
    """How a service waits for another."""

    condition: str = "service_started"


class Service(_Model):
    """One service of the file."""

    image: str | None = None
    command: Annotated[list[str] | None, BeforeValidator(_arguments)] = None
    entrypoint: Annotated[list[str] | None, BeforeValidator(_arguments)] = None
    environment: Annotated[dict[str, str | None], BeforeValidator(_environment)] = {}
    volumes: list[Annotated[Mount, BeforeValidator(_mount)]] = []
    secrets: list[Annotated[GrantedSecret, BeforeValidator(_granted_secret)]] = []
    tmpfs: Annotated[list[str], BeforeValidator(_strings)] = []
    ports: list[str] = []
    networks: Attachments = {}
    depends_on: Annotated[dict[str, Dependency], BeforeValidator(_dependencies)] = {}
    stop_signal: str | None = None
    stop_grace_period: DurationSeconds = _DEFAULT_GRACE_SECONDS

    @property
    def temporary_directories(self) -> list[str]:
        """Paths that start empty with each start of the service."""
        plain = [entry.split(":")[0] for entry in self.tmpfs]
        return plain + [mount.target for mount in self.volumes if mount.type == "tmpfs"]


class Secret(_Model):
    """Where a secret's file is, seen from the compose file's directory."""

    file: str


class Compose(_Model):
    """The whole file, its variables replaced."""

    name: str = "burnrate"
    services: dict[str, Service] = Field(min_length=1)
    secrets: dict[str, Secret] = {}
    networks: Networks = {}


def load_compose(path: Path, environment: Mapping[str, str]) -> Compose:
    """Read the file at `path`; raises StackError with the place of whatever is wrong in it."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise StackError(f"{path}: {' '.join(str(error).split())}") from error
    try:
        return Compose.model_validate(interpolated(document, environment))
    except InterpolationError as error:
        raise StackError(f"{path.name}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise StackError(f"{path}: {place}: {first['msg']}") from error
