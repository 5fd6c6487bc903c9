"""A file of any known format, read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from burnrate.slo.specification.formats import kubernetes, openslo, short
from burnrate.slo.specification.formats.specification import Specification, parsed
from burnrate.slo.specification.formats.yaml_documents import Document, documents
from burnrate.slo.specification.sloth import ServiceSpec

_KNOWN: Final = (
    "service with source and objectives, version: prometheus/v1 (Sloth),"
    " apiVersion: sloth.slok.dev/v1 with kind: PrometheusServiceLevel,"
    " and apiVersion: openslo/v1 or openslo/v1alpha with kind: SLO"
)


def read(file: Path) -> list[Specification]:
    """Return what the documents of a file say, in their order.

    Raises:
        SpecError: the file cannot be read, one of its documents is of no known format, or what it
            says cannot be kept.
    """
    found = documents(file)
    # OpenSLO's documents refer to each other.
    kept = openslo.referred(found)
    return [each for document in found for each in _read(document, kept)]


def is_short(file: Path) -> bool:
    """Return whether a file is of the short form: a source and objectives, and no queries.

    Raises:
        SpecError: it is no YAML.
    """
    return any(_is_short(each.content) for each in documents(file))


def _is_short(content: object) -> bool:
    if not isinstance(content, dict) or "apiVersion" in content:
        return False
    return bool(short.KEYS & content.keys()) and "slos" not in content


def _read(document: Document, referred: openslo.Referred) -> Sequence[Specification]:
    content = document.content
    if not isinstance(content, dict):
        raise document.error("", f"is no mapping; known are {_KNOWN}")
    version, kind = content.get("apiVersion"), content.get("kind")
    if _is_short(content):
        return [short.read(document)]
    if version is None:
        return [Specification(document, parsed(document, ServiceSpec))]
    if version == kubernetes.VERSION and kind == kubernetes.KIND:
        return [kubernetes.read(document)]
    if version in openslo.VERSIONS:
        return openslo.read(document, referred)
    what = f"{version}" + (f" with kind: {kind}" if kind else "")
    raise document.error("apiVersion", f"{what} is no SLO; known are {_KNOWN}")
