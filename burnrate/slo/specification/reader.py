"""Reads specifications with their settings; whatever is wrong with them is a `SpecError`."""

from pathlib import Path
from typing import Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from burnrate.slo.errors import SpecError
from burnrate.slo.specification.checks import check, check_names, check_sli
from burnrate.slo.specification.model import Service, Slo
from burnrate.slo.specification.settings import ServiceSettings
from burnrate.slo.specification.sloth import ServiceSpec

M = TypeVar("M", bound=BaseModel)

_SETTINGS_SUFFIX: Final = ".settings.yml"
# Set by the generator; a specification that set them too would be overruled without a word.
_OURS: Final = frozenset({"service", "slo", "severity", "alertname", "pool"})


def settings_file(file: Path) -> Path:
    """Return the settings' file of a specification."""
    return file.with_name(file.stem + _SETTINGS_SUFFIX)


def load_all(folder: Path) -> list[Service]:
    """Read every specification of a folder, in the order of their names."""
    files = sorted(
        path for path in folder.glob("*.yml") if not path.name.endswith(_SETTINGS_SUFFIX)
    )
    if not files:
        raise SpecError(folder, "", "no specification (*.yml)")
    for path in sorted(folder.glob(f"*{_SETTINGS_SUFFIX}")):
        if path.with_name(path.name.removesuffix(_SETTINGS_SUFFIX) + ".yml") not in files:
            raise SpecError(path, "", "settings without a specification beside them")
    services: dict[str, Path] = {}
    loaded = []
    for file in files:
        service = load(file)
        if service.name in services:
            reason = f"{service.name!r} has one already: {services[service.name]}"
            raise SpecError(file, "service", reason)
        services[service.name] = file
        loaded.append(service)
    return loaded


def load(file: Path) -> Service:
    """Read one specification and its settings."""
    spec = _read(file, ServiceSpec)
    beside = settings_file(file)
    if not beside.is_file():
        raise SpecError(file, "", f"{beside.name} is missing beside it")
    settings = _read(beside, ServiceSettings)
    check_names(spec, file)
    unknown = sorted(settings.slos.keys() - {slo.name for slo in spec.slos})
    if unknown:
        raise SpecError(beside, f"slos.{unknown[0]}", f"{file.name} has no SLO of this name")
    slos = []
    for index, each in enumerate(spec.slos):
        path = f"slos[{index}]"
        if each.name not in settings.slos:
            raise SpecError(beside, "slos", f"nothing for the SLO {each.name!r} of {file.name}")
        for name in (*spec.labels, *each.labels):
            if name in _OURS - {"pool"}:
                raise SpecError(file, f"{path}.labels.{name}", "is set by the generator")
        check_sli(each, file, path)
        own = settings.slos[each.name]
        slo = Slo(
            service=spec.service,
            job=settings.job,
            spec=each,
            settings=own,
            labels={**spec.labels, **each.labels, "service": spec.service, "slo": each.name},
            period_days=own.period_days or settings.period_days,
            minimum_failures=own.minimum_failures or settings.minimum_failures,
            runbook_url=(own.runbook_url or settings.runbook_url).rstrip("/"),
            dashboard_url=own.dashboard_url or settings.dashboard_url,
        )
        check(slo, file, path)
        slos.append(slo)
    return Service(
        name=spec.service,
        stem=file.stem,
        job=settings.job,
        runbook_url=settings.runbook_url.rstrip("/"),
        dashboard_url=settings.dashboard_url,
        slos=tuple(slos),
    )


class _Loader(yaml.SafeLoader):
    """YAML takes a key twice and keeps the last: an SLO would be lost without a word."""


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
        reason = str(getattr(error, "problem", None) or "is no YAML")
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
