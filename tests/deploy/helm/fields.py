"""Fields that a resource has and its kind does not, by the types of prometheus-operator's models.

The operator's API drops them in silence, and the models' own validators let them pass.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_IMPORT = re.compile(r'^import \{ ([^}]+) \} from "([^"]+)";$', re.MULTILINE)
_INTERFACE = re.compile(
    r"^export interface \w+(?: extends (?P<bases>[\w, ]+))? \{\n(?P<body>.*?)^\}",
    re.MULTILINE | re.DOTALL,
)
_FIELD = re.compile(r'^    "(?P<name>[^"]+)"\??: (?P<type>.+)$', re.MULTILINE)
_GROUP = "@kubernetes-models/prometheus-operator/"


@dataclass(frozen=True)
class _Kind:
    """A type's fields, each with the file of its own type, if it has fields itself."""

    fields: Mapping[str, Path | None]


def unknown_fields(modules: Path, resource: Mapping[str, Any]) -> list[str]:
    """Return the paths of fields that a resource must not have.

    Args:
        modules: The folder `node_modules` with the models.
        resource: A resource of prometheus-operator's.
    """
    file = modules / _GROUP / resource["apiVersion"] / f"{resource['kind']}.d.ts"
    kind = _kind(modules, file)
    assert kind is not None, file
    found = list(_unknown(modules, kind, resource, resource["kind"]))
    if resource["kind"] == "AlertmanagerConfig":
        # Of routes inside a route the API knows no type: the operator reads them.
        route = _kind(modules, file.with_name("Route.d.ts"))
        assert route is not None
        for each in resource["spec"].get("route", {}).get("routes", []):
            found += _unknown(modules, route, each, "route")
    return found


def _unknown(modules: Path, kind: _Kind, value: Any, path: str) -> Iterator[str]:  # noqa: ANN401
    if isinstance(value, list):
        for each in value:
            yield from _unknown(modules, kind, each, path)
    if not isinstance(value, dict):
        return
    for name, below in value.items():
        if name not in kind.fields:
            yield f"{path}.{name}"
        elif (file := kind.fields[name]) is not None and (its := _kind(modules, file)) is not None:
            yield from _unknown(modules, its, below, f"{path}.{name}")


@cache
def _kind(modules: Path, file: Path) -> _Kind | None:
    text = file.read_text()
    interface = _INTERFACE.search(text)
    if interface is None:
        return None  # another name for a text or a number
    files = {}
    for names, source in _IMPORT.findall(text):
        for name in names.split(", "):
            files[name] = _file(modules, file, source)
    fields: dict[str, Path | None] = {}
    for base in filter(None, (interface["bases"] or "").split(", ")):
        if base != "TypeMeta" and (its := _kind(modules, files[base])) is not None:
            fields |= its.fields
    for found in _FIELD.finditer(interface["body"]):
        type_name = re.sub(r"^Array<(.+)>;$|;$", r"\1", found["type"])
        fields[found["name"]] = files.get(type_name)
    # One without any holds whatever it is given.
    return _Kind(fields) if fields else None


def _file(modules: Path, importer: Path, source: str) -> Path:
    base = importer.parent / source if source.startswith(".") else modules / source
    return base.with_name(base.name.removesuffix(".js") + ".d.ts")
