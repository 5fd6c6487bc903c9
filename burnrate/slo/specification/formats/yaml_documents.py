"""The YAML documents of a file, with the line of everything in them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from burnrate.slo.errors import SpecError

# A tree of aliases may unfold to any size.
_MOST_NODES: Final = 200_000
_NULL: Final = "tag:yaml.org,2002:null"
_MERGE: Final = "tag:yaml.org,2002:merge"
_SCALARS: Final = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "timestamp", "value")
)
_HALF_A_CHARACTER: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Document:
    """One document of a file.

    Every scalar is the text that stands there, as Go's readers take it where a text is needed:
    `1.10` stays `1.10`. Nothing at all is None.

    Attributes:
        lines: The line, from 1, of each path such as `slos[0].name`.
    """

    file: Path
    content: object
    lines: Mapping[str, int] = field(default_factory=dict)

    def line(self, path: str) -> int | None:
        """Return the line of a path, or of the nearest one above it that is there."""
        while path not in self.lines:
            if not path:
                return None
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines[path]

    def part(self, path: str, content: object) -> "Document":
        """Return a part of this document as one of its own."""
        inner = {
            each.removeprefix(path).removeprefix("."): line
            for each, line in self.lines.items()
            if each.startswith(path)
        }
        return Document(self.file, content, inner)

    def error(self, path: str, reason: str, lines_below: int = 0) -> SpecError:
        """Return the error of a path, with its line."""
        line = self.line(path)
        return SpecError(self.file, path, reason, line=line + lines_below if line else None)


def documents(file: Path) -> list[Document]:
    """Return the documents of a file that hold anything; each element of a list is one.

    Raises:
        SpecError: it cannot be read, is no YAML, has a key twice or a tag that is not YAML's own.
    """
    try:
        text = file.read_text(encoding="utf-8")
        _refuse_control_characters(text, file)
        nodes = list(yaml.compose_all(text, yaml.SafeLoader))
    except OSError as error:
        raise SpecError(file, "", str(error.strerror)) from error
    except UnicodeDecodeError as error:
        raise SpecError(file, "", "is not UTF-8") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
        line = mark.line + 1 if mark else None
        raise SpecError(file, "", " ".join(reason.split()), line=line) from error
    except (ValueError, RecursionError) as error:
        raise SpecError(file, "", "is not valid YAML") from error
    return [part for node in nodes if node for part in _parts(_Content(file).document(node))]


def _refuse_control_characters(text: str, file: Path) -> None:
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if found:
        reason = f"has a character that YAML does not allow, U+{ord(found.group()):04X}"
        raise SpecError(file, "", reason, line=text.count("\n", 0, found.start()) + 1)


def _parts(document: Document) -> Iterator[Document]:
    if isinstance(document.content, list):
        for index, content in enumerate(document.content):
            yield document.part(f"[{index}]", content)
    elif document.content is not None:
        yield document


class _Content:
    """Makes the content of one document."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lines: dict[str, int] = {}
        self._nodes = 0

    def document(self, node: yaml.Node) -> Document:
        return Document(self._file, self._value(node, "", ()), self._lines)

    def _value(self, node: yaml.Node, path: str, above: tuple[yaml.Node, ...]) -> object:
        self._nodes += 1
        if node in above or self._nodes > _MOST_NODES:
            raise self._error(node, path, "an alias makes it endless")
        begin = node.start_mark.line + 1
        is_block = isinstance(node, yaml.ScalarNode) and node.style in {"|", ">"}
        self._lines[path] = begin + is_block
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, path, (*above, node)))
        if isinstance(node, yaml.SequenceNode):
            return [
                self._value(each, f"{path}[{index}]", (*above, node))
                for index, each in enumerate(node.value)
            ]
        return self._scalar(node, path)

    def _pairs(
        self, node: yaml.MappingNode, path: str, above: tuple[yaml.Node, ...]
    ) -> Iterator[tuple[str, object]]:
        seen: set[str] = set()
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                is_list = isinstance(value_node, yaml.SequenceNode)
                merged += value_node.value if is_list else [value_node]
                continue
            key = self._key(key_node, path)
            if key in seen:
                raise self._error(key_node, path, f"the key {key!r} is there twice")
            seen.add(key)
            below = f"{path}.{key}" if path else key
            yield key, self._value(value_node, below, above)
            if not isinstance(value_node, yaml.ScalarNode):
                self._lines[below] = key_node.start_mark.line + 1
        for each in merged:
            if not isinstance(each, yaml.MappingNode) or each in above:
                raise self._error(each, path, "<< needs a mapping")
            for key, value in self._pairs(each, path, (*above, each)):
                if key not in seen:
                    seen.add(key)
                    yield key, value

    def _key(self, node: yaml.Node, path: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or node.tag == _NULL:
            raise self._error(node, path, "a key is no text")
        return str(self._scalar(node, path))

    def _scalar(self, node: yaml.Node, path: str) -> str | None:
        if node.tag == _NULL:
            return None
        if node.tag not in _SCALARS:
            raise self._error(node, path, f"unknown tag {node.tag}")
        text = str(node.value)
        if _HALF_A_CHARACTER.search(text):
            raise self._error(node, path, "has half a character (a surrogate)")
        return text

    def _error(self, node: yaml.Node, path: str, reason: str) -> SpecError:
        return SpecError(self._file, path, reason, line=node.start_mark.line + 1)
