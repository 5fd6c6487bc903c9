"""A service that somebody wants to add, and the files that say so."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from burnrate.configuration import is_own_machine
from burnrate.service.errors import ServiceError
from burnrate.yaml_text import yaml_text

# Part of files' names, of group names, and a label that people type.
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,60}[a-z0-9])?")
# Labels as in DNS, where Compose's services and others have _ too.
_LABEL: Final = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST: Final = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*\.?")
# As a container calls the machine of its engine; as processes it is the loopback.
ENGINE_HOST: Final = "host.docker.internal"
_HIGHEST_PORT: Final = 65535

SLO_FOLDER: Final = Path("prometheus/slo")
TARGET_FOLDER: Final = Path("prometheus/targets")

_TARGETS_SAY: Final = (
    "# Where Prometheus finds {name}. The labels are for rules, dashboards and the inbox.\n"
)
_SLOS_SAY: Final = (
    "# What {name} promises (docs/adopting/sources.md). After a change: burnrate slo generate.\n"
)
_SETTINGS_SAY: Final = (
    "# What goes for {name} besides: labels of its alerts, its period (docs/configuration.md).\n"
)


@dataclass(frozen=True)
class Wanted:
    """A service to add.

    Attributes:
        job: The scrape job whose series count.
        targets: `HOST:PORT` as Prometheus finds them; none where the job is scraped already.
        source: Who counts its requests.
        reports_on: The label `service` of the targets: the service, or the proxy that counts.
        objectives: As a short file has them.
        identity: Values of the labels that name a service besides `service`.
        labels: What every alert about the service carries.
        backend: How a proxy calls it, where that is not its name.
        metrics_path: Where the targets have their metrics, where that is not /metrics.
        scheme: http or https.
    """

    name: str
    job: str
    source: str
    objectives: Mapping[str, Any]
    targets: tuple[str, ...] = ()
    reports_on: str = ""
    identity: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    backend: str | None = None
    metrics_path: str = "/metrics"
    scheme: str = "http"

    @property
    def stem(self) -> str:
        """What its files are called, before their endings."""
        return "-".join([*self.identity.values(), self.name])

    def files(self) -> dict[Path, str]:
        """Return its files' texts, by their paths in the checkout."""
        slos = SLO_FOLDER / f"{self.stem}.yml"
        settings = SLO_FOLDER / f"{self.stem}.settings.yml"
        made = {
            slos: _SLOS_SAY.format(name=self.name) + yaml_text(self._specification()),
            settings: _SETTINGS_SAY.format(name=self.name) + yaml_text(self._settings()),
        }
        if self.targets:
            text = _TARGETS_SAY.format(name=self.reports_on) + yaml_text(self._target_groups())
            made[TARGET_FOLDER / self.target_file] = text
        return made

    @property
    def target_file(self) -> str:
        """The name of the file of its targets; a proxy's is of the job, which many may share."""
        return f"{self.stem if self.reports_on == self.name else self.job}.yml"

    def _specification(self) -> dict[str, Any]:
        made: dict[str, Any] = {"service": self.name, "source": self.source, "job": self.job}
        if self.backend:
            made["backend"] = self.backend
        if self.identity:
            made["where"] = dict(self.identity)
        return {**made, "objectives": dict(self.objectives)}

    def _settings(self) -> dict[str, Any]:
        made: dict[str, Any] = {"version": "burnrate/v1"}
        if self.identity:
            made["identity"] = dict(self.identity)
        if self.labels:
            made["labels"] = dict(self.labels)
        return made

    def _target_groups(self) -> list[dict[str, Any]]:
        labels = {"job": self.job, "service": self.reports_on, **self.identity}
        if self.metrics_path != "/metrics":
            labels["__metrics_path__"] = self.metrics_path
        if self.scheme != "http":
            labels["__scheme__"] = self.scheme
        return [{"targets": list(self.targets), "labels": labels}]


def checked_name(name: str) -> str:
    """Return a service's name; raises ServiceError for one that no file and no label can have."""
    if not _NAME.fullmatch(name):
        raise ServiceError(
            f"{name!r} is no name for a service: small letters, digits and -, at most 62, "
            "such as shop or web-shop"
        )
    return name


def target_address(text: str) -> str:
    """Return where Prometheus finds a target that a person has named.

    This machine's own addresses become the name that containers have for it.

    Raises:
        ServiceError: it is no `HOST:PORT`.
    """
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    is_plain = text == (parts.netloc if host else "") and "@" not in text
    if not host or not port or not is_plain or not (":" in host or _HOST.fullmatch(host)):
        raise ServiceError(
            f"{text!r} is no target: write HOST:PORT, such as localhost:8000 "
            f"(the port from 1 to {_HIGHEST_PORT}, the path by --metrics-path)"
        )
    if is_own_machine(f"//{text}"):
        return f"{ENGINE_HOST}:{port}"
    return f"[{IPv6Address(host)}]:{port}" if ":" in host else f"{host}:{port}"


def pairs(given: tuple[str, ...], option: str) -> dict[str, str]:
    """Return `NAME=VALUE` texts as a mapping; raises ServiceError for anything else."""
    made = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name or not value:
            raise ServiceError(f"{option} {each!r}: write NAME=VALUE")
        made[name] = value
    return made
