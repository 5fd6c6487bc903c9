"""Reads specifications with their settings; anything wrong with them is a `SpecError`."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from burnrate.configuration import Configuration, TierSettings
from burnrate.slo.errors import SpecError
from burnrate.slo.specification.checks import (
    check,
    check_identity,
    check_names,
    checked_events,
    threshold_seconds,
)
from burnrate.slo.specification.model import WINDOW, Service, Slo
from burnrate.slo.specification.routes import Routes, routes_of
from burnrate.slo.specification.settings import (
    PoolSettings,
    RatioSettings,
    ServiceSettings,
    SloSettings,
)
from burnrate.slo.specification.sloth import Events, ServiceSpec, SloSpec
from burnrate.slo.windows import Tier

M = TypeVar("M", bound=BaseModel)

_SETTINGS_SUFFIX: Final = ".settings.yml"
# Set by the generator: in a specification they would be overwritten silently.
_OURS: Final = frozenset({"service", "slo", "severity", "alertname", "role", "pool"})
# The dashboard that an alert's link opens.
_DASHBOARD: Final = "burnrate-overview"


def settings_file(file: Path) -> Path:
    """Return the settings' file of a specification."""
    return file.with_name(file.stem + _SETTINGS_SUFFIX)


def load_all(folder: Path, configuration: Configuration) -> list[Service]:
    """Read every specification of a folder, in the order of their names.

    Raises:
        SpecError: a file is wrong, or the files contradict each other.
    """
    files = sorted(
        path for path in folder.glob("*.yml") if not path.name.endswith(_SETTINGS_SUFFIX)
    )
    if not files:
        raise SpecError(folder, "", "no specification (*.yml)")
    for path in sorted(folder.glob(f"*{_SETTINGS_SUFFIX}")):
        if path.with_name(path.name.removesuffix(_SETTINGS_SUFFIX) + ".yml") not in files:
            raise SpecError(path, "", "there is no specification for these settings")
    services: dict[tuple[str, ...], Path] = {}
    loaded: list[Service] = []
    for file in files:
        service = load(file, configuration)
        identity = tuple(service.identity.values())
        if identity in services:
            reason = f"{service.name!r} has a specification already: {services[identity]}"
            raise SpecError(file, "service", reason)
        services[identity] = file
        for other in loaded:
            # Alerts about causes tell services apart by their name alone.
            if other.name == service.name and other.alert_labels != service.alert_labels:
                beside = settings_file(file)
                raise SpecError(
                    beside, "labels", f"{other.stem}.yml gives {other.name} other labels"
                )
        loaded.append(service)
    return loaded


def load(file: Path, configuration: Configuration) -> Service:
    """Read one specification and its settings.

    Raises:
        SpecError: one of them is wrong.
    """
    spec = _read(file, ServiceSpec)
    beside = settings_file(file)
    if not beside.is_file():
        raise SpecError(file, "", f"{beside.name} is missing beside it")
    settings = _read(beside, ServiceSettings)
    check_names(spec, file)
    unknown = sorted(settings.slos.keys() - {slo.name for slo in spec.slos})
    if unknown:
        raise SpecError(beside, f"slos.{unknown[0]}", f"{file.name} has no SLO of this name")
    identity = _identity(spec, settings, configuration, beside)
    for name in settings.labels:
        if name in {*identity, *_OURS}:
            raise SpecError(beside, f"labels.{name}", "is set by the generator")
    service = Service(
        identity=identity,
        stem=file.stem,
        job=settings.job,
        alert_labels=settings.labels,
        runbooks=(settings.runbook_url or configuration.runbook_base).rstrip("/"),
        dashboard=settings.dashboard_url or f"{configuration.dashboard_base}/{_DASHBOARD}",
        slos=(),
    )
    slos = []
    for index, each in enumerate(spec.slos):
        if each.name not in settings.slos:
            raise SpecError(beside, "slos", f"no settings for the SLO {each.name!r} of {file.name}")
        for name in (*spec.labels, *each.labels):
            if name in {*identity, *_OURS} - {"pool"}:
                raise SpecError(file, f"slos[{index}].labels.{name}", "is set by the generator")
        slo = _joined(service, spec, each, settings, configuration, (file, f"slos[{index}]"))
        check(slo, file, f"slos[{index}]")
        slos.append(slo)
    return replace(service, slos=tuple(slos))


def _identity(
    spec: ServiceSpec, settings: ServiceSettings, configuration: Configuration, file: Path
) -> dict[str, str]:
    given = {**settings.identity, "service": spec.service}
    if "service" in settings.identity:
        raise SpecError(file, "identity.service", "comes from the specification")
    if missing := [name for name in configuration.identity if name not in given]:
        reason = f"lacks {missing[0]}, which is in the identity of burnrate.yml"
        raise SpecError(file, "identity", reason)
    if unknown := [name for name in given if name not in configuration.identity]:
        reason = "is not in the identity of burnrate.yml"
        raise SpecError(file, f"identity.{unknown[0]}", reason)
    return {name: given[name] for name in configuration.identity}


def _joined(
    service: Service,
    spec: ServiceSpec,
    slo: SloSpec,
    settings: ServiceSettings,
    configuration: Configuration,
    place: tuple[Path, str],
) -> Slo:
    own = settings.slos[slo.name]
    events = checked_events(slo, *place)
    check_identity(events, service.identity, *place)
    off = {
        "page": slo.alerting.page_alert.disable,
        "ticket": slo.alerting.ticket_alert.disable,
    }
    return Slo(
        identity=service.identity,
        service_job=service.job,
        spec=slo,
        events=events,
        settings=own,
        labels={**spec.labels, **slo.labels, **service.identity, "slo": slo.name},
        alert_labels=service.alert_labels,
        period_days=own.period_days or settings.period_days or configuration.period_days,
        minimum_failures=(
            own.minimum_failures or settings.minimum_failures or configuration.minimum_failures
        ),
        tiers=tuple(_tier(tier, own) for tier in configuration.tiers if not off[tier.severity]),
        threshold_seconds=threshold_seconds(events, own, *place),
        routes=_routes(events, own, settings_file(place[0]), slo.name),
        low_budget=Fraction(str(configuration.low_budget)),
        runbooks=(own.runbook_url or service.runbooks).rstrip("/"),
        dashboard=own.dashboard_url or service.dashboard,
    )


def _tier(settings: TierSettings, slo: SloSettings) -> Tier:
    tier = Tier.of(settings)
    # A pool is a cause: what users feel has an objective of its own, and that one pages.
    return replace(tier, severity="ticket") if isinstance(slo, PoolSettings) else tier


def _routes(events: Events, slo: SloSettings, file: Path, name: str) -> Routes | None:
    if not isinstance(slo, RatioSettings):
        return None
    filled = {field: WINDOW.sub("5m", query) for field, query in events}
    return routes_of(slo, Events(**filled), file, f"slos.{name}")


class _Loader(yaml.SafeLoader):
    """Refuses a key that is there twice; YAML would keep the last and lose an SLO silently."""


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[object, object]:
    loader.flatten_mapping(node)
    found: dict[object, object] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in found:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} is there twice", key_node.start_mark
            )
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def _read(file: Path, model: type[M]) -> M:
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise SpecError(file, "", str(error.strerror)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else ""
        reason = str(getattr(error, "problem", None) or "is not valid YAML")
        raise SpecError(file, where, reason) from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SpecError(file, _path(first["loc"]), _reason(first["msg"], first)) from error


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _reason(message: str, error: object) -> str:
    given = error.get("input") if isinstance(error, dict) else None
    shown = f", not {given!r}" if isinstance(given, str | int | float) else ""
    return " ".join(f"{message[:1].lower()}{message[1:]}{shown}".split())
