"""OpenSLO's objects that SLOs refer to, by their names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from burnrate.slo.specification.formats.yaml_documents import Document

VERSIONS: Final = frozenset({"openslo/v1", "openslo/v1alpha"})
_ALERTS: Final = frozenset({"AlertPolicy", "AlertCondition", "AlertNotificationTarget"})


@dataclass(frozen=True)
class Referred:
    """The objects of one file.

    Attributes:
        indicators: The SLIs, by their names.
        sources: The types of the data sources, by their names.
        notes: What is not needed, and why.
    """

    indicators: Mapping[str, Document] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def referred(found: Sequence[Document]) -> Referred:
    """Return the objects of a file that are no SLOs.

    Raises:
        SpecError: one says when alerts fire, or is of an unknown kind.
    """
    indicators: dict[str, Document] = {}
    sources: dict[str, str] = {}
    notes: list[str] = []
    for document in found:
        content = document.content
        if not isinstance(content, dict) or content.get("apiVersion") not in VERSIONS:
            continue
        kind, name = content.get("kind"), _name(content)
        if kind == "SLI":
            indicators[name] = document
        elif kind == "DataSource":
            spec = content.get("spec")
            sources[name] = str(spec.get("type")) if isinstance(spec, dict) else ""
            notes.append(f"of the data source {name} only its type is used")
        elif kind == "Service":
            notes.append(f"the service {name} is described for people: no rule needs it")
        elif kind in _ALERTS:
            reason = f"{kind}: alerts fire as the tiers of burnrate.yml say; leave it out"
            raise document.error("kind", reason)
        elif kind != "SLO":
            raise document.error("kind", f"{kind} is no kind of OpenSLO's")
    return Referred(indicators, sources, tuple(notes))


def _name(content: dict[str, Any]) -> str:
    metadata = content.get("metadata")
    return str(metadata.get("name", "")) if isinstance(metadata, dict) else ""
