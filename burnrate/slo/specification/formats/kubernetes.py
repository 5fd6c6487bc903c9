"""Sloth's resource of Kubernetes, `PrometheusServiceLevel`: Sloth's own format in camel case.

Source: https://sloth.dev/introduction/kubernetes/
"""

import re
from typing import Any, Final

from pydantic import Field

from burnrate.slo.specification.formats.specification import Specification, parsed
from burnrate.slo.specification.formats.yaml_documents import Document
from burnrate.slo.specification.sloth import Model, ServiceSpec

VERSION: Final = "sloth.slok.dev/v1"
KIND: Final = "PrometheusServiceLevel"
_OWN: Final = {
    "slo_plugins": "sloPlugins",
    "error_query": "errorQuery",
    "total_query": "totalQuery",
    "error_ratio_query": "errorRatioQuery",
    "page_alert": "pageAlert",
    "ticket_alert": "ticketAlert",
}
_SLOTHS: Final = {own: name for name, own in _OWN.items()}
# Below these are names of the team's own.
_FREE: Final = frozenset({"labels", "annotations", "plugin", "plugins", "sloPlugins"})


class _Resource(Model):
    api_version: str = Field(alias="apiVersion")
    kind: str
    metadata: dict[str, Any] | None = None
    spec: dict[str, Any]
    status: dict[str, Any] | None = None


def read(document: Document) -> Specification:
    """Return the specification of a resource.

    Raises:
        SpecError: it is none.
    """
    resource = parsed(document, _Resource)
    content = {"version": "prometheus/v1", **_renamed(document, resource.spec, "spec")}
    spec = parsed(document, ServiceSpec, content, own_path=_own_path)
    notes = []
    if resource.metadata is not None:
        notes.append("metadata is Kubernetes' own: rules are written to files, not to a cluster")
    if resource.status is not None:
        notes.append("status is Kubernetes' own")
    return Specification(document, spec, _own_path, notes=tuple(notes))


def _renamed(document: Document, content: dict[str, Any], path: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in content.items():
        inner = f"{path}.{key}"
        if key in _OWN:
            raise document.error(inner, f"write {_OWN[key]}, as this format has it")
        made[_SLOTHS.get(key, key)] = value if key in _FREE else _inside(document, value, inner)
    return made


def _inside(document: Document, value: object, path: str) -> object:
    if isinstance(value, dict):
        return _renamed(document, value, path)
    if isinstance(value, list):
        return [_inside(document, each, f"{path}[{index}]") for index, each in enumerate(value)]
    return value


def _own_path(path: str) -> str:
    renamed = re.sub(r"[a-z_]+", lambda name: _OWN.get(name[0], name[0]), path)
    return f"spec.{renamed}" if path else "spec"
