"""Grafana Alloy's reference of what our configuration names: arguments, blocks, exports, labels.

`python -m tests.alloy.documentation CHECKOUT` writes `documented.yml` anew from a checkout of
https://github.com/grafana/alloy that has the pinned version's tag.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from tests.alloy.reading import read
from tests.servers.processes import ROOT

DOCUMENTED: Final = Path(__file__).with_name("documented.yml")
FILES: Final = sorted((ROOT / "alloy").glob("*.alloy"))
_REFERENCE: Final = "docs/sources/reference"
_SHARED: Final = re.compile(r'\{\{< docs/shared lookup="([^"]+)".*?>\}\}')
_HEADING: Final = re.compile(r"^#+ +`?([^`\n]+)`?.*$", re.MULTILINE)
_LABEL: Final = re.compile(r"^[-*] `(__meta_\w+(?:<\w+>)?\w*)`", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """What a component, or a block in one, takes and gives.

    Attributes:
        arguments: Their types.
        required: Those that have to be there.
        blocks: What may stand in it.
        exports: The types of what others may refer to.
        labels: Of discovered targets, a part that varies as `<name>`.
    """

    arguments: dict[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    blocks: dict[str, "Block"] = field(default_factory=dict)
    exports: dict[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()


@cache
def documented() -> dict[str, Block]:
    """Return each component by its name."""
    content = yaml.safe_load(DOCUMENTED.read_text())
    return {name: _block(found) for name, found in content["components"].items()}


def documented_version() -> str:
    """Return the version whose reference was read."""
    version: str = yaml.safe_load(DOCUMENTED.read_text())["version"]
    return version


def _block(found: dict[str, Any]) -> Block:
    return Block(
        arguments=found.get("arguments", {}),
        required=tuple(found.get("required", ())),
        blocks={name: _block(each) for name, each in found.get("blocks", {}).items()},
        exports=found.get("exports", {}),
        labels=tuple(found.get("labels", ())),
    )


def pinned_version() -> str:
    """Return the version of the stack's image."""
    (found,) = re.findall(r"grafana/alloy:(v[\d.]+)", (ROOT / "docker-compose.yml").read_text())
    return str(found)


class _Checkout:
    """Upstream's pages at one version."""

    def __init__(self, path: str, version: str) -> None:
        self._path, self._version = path, version

    def component(self, name: str) -> dict[str, Any]:
        """Return what its page says."""
        folder = f"components/{name.partition('.')[0]}"
        is_component = "." in name
        page = f"{folder}/{name}.md" if is_component else f"config-blocks/{name}.md"
        text = self._text(f"{_REFERENCE}/{page}")
        sections = dict(_sections(text))
        made = _described(sections, "Arguments", _paths(sections.get("Blocks", "")))
        exports = _table(sections.get("Exported fields", ""))
        made["exports"] = {row[0]: row[1] for row in exports}
        made["labels"] = sorted(set(_LABEL.findall(text)))
        return {key: value for key, value in made.items() if value}

    def _text(self, page: str) -> str:
        command = ["git", "-C", self._path, "show", f"{self._version}:{page}"]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return _SHARED.sub(lambda found: self._text(f"docs/sources/shared/{found[1]}"), text)


def _sections(text: str) -> Iterator[tuple[str, str]]:
    parts = _HEADING.split(text)
    yield from zip(parts[1::2], parts[2::2], strict=True)


def _rows(text: str, first: str) -> list[list[str]]:
    """Return the cells of the first table whose first column is called so."""
    lines = iter(text.splitlines())
    for line in lines:
        if re.match(rf"\| *{first} *\|", line):
            next(lines)
            rows = []
            for row in lines:
                if not row.startswith("|"):
                    break
                rows.append([cell.strip() for cell in row.strip().strip("|").split("|")])
            return rows
    return []


def _table(text: str) -> list[list[str]]:
    return [[row[0].strip("`"), row[1].strip("`"), *row[2:]] for row in _rows(text, "Name")]


def _paths(text: str) -> list[tuple[str, ...]]:
    """Return the blocks that a section lists, each as its way down."""
    return [tuple(re.findall(r"`([^`]+)`", row[0])) for row in _rows(text, "Block")]


def _described(
    sections: dict[str, str], section: str, paths: list[tuple[str, ...]]
) -> dict[str, Any]:
    text = sections.get(section, "")
    rows = _table(text)
    # A block's own section may list what stands in it.
    below = {*paths, *(_paths(text) if section != "Arguments" else ())}
    blocks = {
        path[0]: _described(sections, path[0], [each[1:] for each in below if each[:1] == path[:1]])
        for path in sorted(below)
        if path and path[0] != section
    }
    made: dict[str, Any] = {
        "arguments": {row[0]: row[1] for row in rows},
        "required": [row[0] for row in rows if row[-1] == "yes"],
        "blocks": blocks,
    }
    return {key: value for key, value in made.items() if value}


def main() -> None:
    """Write what is documented of all that our files name."""
    version = pinned_version()
    checkout = _Checkout(sys.argv[1], version)
    names = sorted({block.name for path in FILES for block in read(path.read_text()).blocks})
    components = {name: checkout.component(name) for name in names}
    content = {"version": version, "components": components}
    text = yaml.safe_dump(content, default_flow_style=None, width=100)
    header = "# Written by `python -m tests.alloy.documentation`, from Grafana Alloy's reference.\n"
    DOCUMENTED.write_text(header + text)


if __name__ == "__main__":
    main()
