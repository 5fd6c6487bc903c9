"""What a team changes, read from burnrate.yml; rules, pages and links follow it."""

import re
from collections.abc import Mapping
from fractions import Fraction
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Annotated, Final, Literal, Self, get_args
from urllib.parse import urlsplit

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from burnrate.interpolation import InterpolationError, interpolated

NAME: Final = "burnrate.yml"
# No address has them (https://www.rfc-editor.org/rfc/rfc3986#appendix-A); in rules and in
# Alertmanager's files some would end a text, or begin a template.
_NOT_IN_ADDRESSES: Final = re.compile(r"[^!#-;=?-\[\]_a-z~]")
# At the top of a checkout; a wheel has the shipped one next to this module.
_SHIPPED: Final = (Path(__file__).with_name(NAME), Path(__file__).parents[1] / NAME)


class ConfigurationError(Exception):
    """burnrate.yml is invalid: one line with the file, the key and the reason."""


def is_own_machine(url: str) -> bool:
    """Return whether an address leads each reader to the machine where the reader is.

    Names below `localhost` do as well (https://www.rfc-editor.org/rfc/rfc6761#section-6.3), all of
    127.0.0.0/8, and the address that stands for every one where a program listens.
    """
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        address = ip_address(host)
    except ValueError:
        return host.rpartition(".")[2] == "localhost"
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    return address.is_loopback or address.is_unspecified


def _base(url: str) -> str:
    """Check an address to which paths are appended, and drop its last slash."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise ValueError("must be an http or https address without query and fragment")
    if found := _NOT_IN_ADDRESSES.search(url):
        raise ValueError(f"{found[0]!r} cannot be in an address: write it as %XX")
    try:
        _ = parts.port
    except ValueError as error:
        raise ValueError("has a port that cannot be") from error
    return url.rstrip("/")


def _base_or_none(url: str) -> str:
    return _base(url) if url else ""


Base = Annotated[str, AfterValidator(_base)]
LabelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
WindowName = Literal["5m", "30m", "1h", "2h", "6h", "1d", "3d"]
_WINDOWS: Final[tuple[str, ...]] = get_args(WindowName)
ReceiverKind = Literal["email", "ntfy", "pagerduty", "slack", "webhook"]
# It is part of the names of files and receivers, and of a regular expression.
TeamName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Urls(_Model):
    """The addresses of the pages, as people reach them, without a last slash."""

    service: Base
    inbox: Base
    grafana: Base
    prometheus: Base
    alertmanager: Base


class TierSettings(_Model):
    """A pair of windows with an alert of its own.

    Attributes:
        name: What is added to an SLO's alert name.
        budget: The part of the period's budget that a full long window at the tier's rate uses up.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]*$")]
    severity: Literal["page", "ticket"]
    long: WindowName
    short: WindowName
    budget: Annotated[float, Field(gt=0, lt=1)]

    @model_validator(mode="after")
    def _has_a_shorter_window(self) -> Self:
        if _WINDOWS.index(self.short) >= _WINDOWS.index(self.long):
            raise ValueError("the short window must be shorter than the long one")
        return self

    @property
    def budget_part(self) -> Fraction:
        """The part exactly as it is written, without the error of a binary float."""
        return Fraction(str(self.budget))


class TeamSettings(_Model):
    """Who is told of one team's alerts, in the place of those that `NOTIFY` names.

    Attributes:
        notify: By what, as in `NOTIFY`. The rest is where to, as far as it is no secret.
    """

    notify: Annotated[tuple[ReceiverKind, ...], Field(min_length=1)]
    email_to: str = ""
    ntfy_url: str = ""
    slack_channel: str = ""
    webhook_url: str = ""


class Configuration(_Model):
    """A team's choices.

    Attributes:
        runbooks: Where runbooks are, without a last slash; empty for the inbox'.
        dashboards: Where dashboards are, without a last slash; empty for Grafana's.
        engine: What evaluates the rules. Only Prometheus surely sees at once what it recorded.
        identity: The labels that together name a service, `service` among them.
        retention_days: How long Prometheus keeps what it has: no budget has a longer period.
        low_budget: The part of an error budget below which it is called low.
        teams: Those with receivers of their own, by the value of the label `team`.
    """

    version: Literal["burnrate/v1"]
    urls: Urls
    runbooks: Annotated[str, AfterValidator(_base_or_none)]
    dashboards: Annotated[str, AfterValidator(_base_or_none)]
    engine: Literal["prometheus", "victoriametrics", "mimir"]
    identity: tuple[LabelName, ...]
    period_days: Annotated[int, Field(ge=7, le=90)]
    retention_days: Annotated[int, Field(ge=1)]
    minimum_failures: Annotated[int, Field(ge=1, le=1_000_000)]
    low_budget: Annotated[float, Field(gt=0, lt=1)]
    tiers: Annotated[tuple[TierSettings, ...], Field(min_length=1)]
    teams: dict[TeamName, TeamSettings]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if "service" not in self.identity or len(set(self.identity)) < len(self.identity):
            raise ValueError("identity: each label once, and `service` among them")
        if taken := sorted({"slo", "severity", "alertname", "job"}.intersection(self.identity)):
            raise ValueError(f"identity: {taken[0]} has another meaning")
        # They name files of tests as well, in small letters, beside the one of a healthy service.
        names = ["healthy", *(tier.name.lower() for tier in self.tiers)]
        if len(set(names)) < len(names):
            raise ValueError("tiers: two have the same name, or one is called Healthy")
        return self

    @property
    def runbook_base(self) -> str:
        """The address to which an alert links, up to the slash before its name."""
        return self.runbooks or f"{self.urls.inbox}/runbooks"

    @property
    def dashboard_base(self) -> str:
        """The address of dashboards, up to the slash before their uid."""
        return self.dashboards or f"{self.urls.grafana}/d"


def shipped_settings() -> Path:
    """Return the file that comes with this package: what a team leaves out is as there."""
    return next(path for path in _SHIPPED if path.is_file())


def load_configuration(
    folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> Configuration:
    """Read a folder's burnrate.yml; keys that it leaves out are as in the shipped one.

    Args:
        folder: Where a burnrate.yml may be; None for the shipped one alone.
        environment: The variables of .env and of the process. None gives each its default, so
            that committed files are the same on every machine.

    Raises:
        ConfigurationError: the file cannot be read or is invalid.
    """
    shipped = shipped_settings()
    content = _read(shipped, environment or {})
    own = folder / NAME if folder is not None else shipped
    if own.is_file() and not own.samefile(shipped):
        content = _completed(_read(own, environment or {}), content)
    try:
        return Configuration.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        reason = first["msg"].removeprefix("Value error, ")
        raise ConfigurationError(
            f"{own}: {place}: {reason}" if place else f"{own}: {reason}"
        ) from (error)


def _completed(own: dict[str, object], shipped: dict[str, object]) -> dict[str, object]:
    """Return what a team says, with the rest as shipped; of a list or a number nothing is left."""
    both = {**shipped, **own}
    for key, value in own.items():
        others = shipped.get(key)
        if isinstance(value, dict) and isinstance(others, dict):
            both[key] = {**others, **value}
    return both


def _read(path: Path, environment: Mapping[str, str]) -> dict[str, object]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content = interpolated(content, environment)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, InterpolationError) as error:
        raise ConfigurationError(f"{path}: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: a mapping is needed")
    return content
