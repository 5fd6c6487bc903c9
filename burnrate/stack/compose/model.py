"""docker-compose.yml as a model: what a process needs to know of each service."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from burnrate.durations import DurationSeconds
from burnrate.interpolation import InterpolationError, interpolated
from burnrate.stack.compose.networks import Attachments, Networks
from burnrate.stack.compose.receivers import receiver_secrets
from burnrate.stack.errors import StackError

# Where a part has what the one-shot service `setup` made for it, and below it its secrets.
CONFIGURATION = "/etc/burnrate"
SECRETS = f"{CONFIGURATION}/secrets"
# The service that makes it, and ends.
SETUP = "setup"

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


def _relative(path: str) -> str:
    if path.startswith("/") or ".." in path.split("/"):
        raise ValueError(f"{path!r} must be a path below the checkout, without `..`")
    return path


def _strings(value: object) -> object:
    return [value] if isinstance(value, str) else value


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


RelativePath = Annotated[str, AfterValidator(_relative)]
SecretName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]


class Mount(_Model):
    """One volume of a service."""

    type: Literal["bind", "volume", "tmpfs"]
    source: str | None = None
    target: str
    read_only: bool = False

    @property
    def is_stored(self) -> bool:
        """Whether it is a named volume that the part writes to."""
        return self.type == "volume" and self.source is not None and not self.read_only


class Dependency(_Model):
    """How a service waits for another."""

    condition: str = "service_started"


class Service(_Model):
    """One service of the file.

    Attributes:
        user: Who it runs as, in numbers: `uid:gid`.
        files: Path below /etc/burnrate -> the file or folder of the checkout it is made from.
        own_secrets: The names of what it finds below /etc/burnrate/secrets in any case.
        receivers: Those of alerts that it sends to, whose secrets it has as well.
        optional: What is lost without it; None for a part without which there is no stack.
    """

    image: str | None = None
    command: Annotated[list[str] | None, BeforeValidator(_arguments)] = None
    entrypoint: Annotated[list[str] | None, BeforeValidator(_arguments)] = None
    environment: Annotated[dict[str, str | None], BeforeValidator(_environment)] = {}
    volumes: list[Annotated[Mount, BeforeValidator(_mount)]] = []
    user: str | None = None
    files: Annotated[dict[RelativePath, RelativePath], Field(alias="x-files")] = {}
    own_secrets: Annotated[list[SecretName], Field(alias="x-secrets")] = []
    receivers: Annotated[str, Field(alias="x-receivers")] = ""
    optional: Annotated[str | None, Field(alias="x-optional")] = None
    tmpfs: Annotated[list[str], BeforeValidator(_strings)] = []
    ports: list[str] = []
    networks: Attachments = {}
    depends_on: Annotated[dict[str, Dependency], BeforeValidator(_dependencies)] = {}
    stop_signal: str | None = None
    stop_grace_period: DurationSeconds = _DEFAULT_GRACE_SECONDS

    @property
    def secrets(self) -> list[str]:
        """The names of all that it finds below /etc/burnrate/secrets."""
        return [*self.own_secrets, *receiver_secrets(self.receivers)]

    @property
    def temporary_directories(self) -> list[str]:
        """Paths that start empty with each start of the service."""
        plain = [entry.split(":")[0] for entry in self.tmpfs]
        return plain + [mount.target for mount in self.volumes if mount.type == "tmpfs"]


class Compose(_Model):
    """The whole file, its variables replaced."""

    name: str = "burnrate"
    services: dict[str, Service] = Field(min_length=1)
    networks: Networks = {}

    @property
    def parts(self) -> dict[str, Service]:
        """The services that go on running, by name."""
        return {name: service for name, service in self.services.items() if name != SETUP}

    def with_instances(self, names: Sequence[str]) -> Self:
        """Return the file with further services that are like the first of `names`.

        What depends on the first one depends on all.
        """
        first, *others = names
        services = {}
        for name, service in self.services.items():
            if condition := service.depends_on.get(first):
                further = dict.fromkeys(others, condition)
                needed = {**service.depends_on, **further}
                services[name] = service.model_copy(update={"depends_on": needed})
            else:
                services[name] = service
            if name == first:
                services |= dict.fromkeys(others, service)
        return self.model_copy(update={"services": services})

    @property
    def data_volumes(self) -> dict[str, Service]:
        """The volumes that parts store in, each with its part."""
        return {
            str(mount.source): service
            for service in self.parts.values()
            for mount in service.volumes
            if mount.is_stored
        }

    @property
    def secrets(self) -> list[str]:
        """The names of all secrets."""
        return sorted({name for service in self.services.values() for name in service.secrets})


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
