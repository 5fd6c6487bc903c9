"""The formats in which teams have their SLOs, each read into Sloth's: one module a format."""

from burnrate.slo.specification.formats.reading import is_short, read
from burnrate.slo.specification.formats.specification import Specification, parsed
from burnrate.slo.specification.formats.yaml_documents import Document, documents

__all__ = ["Document", "Specification", "documents", "is_short", "parsed", "read"]
