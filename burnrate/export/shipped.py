"""What is shipped and not made of specifications: rules, dashboards, routes and runbooks.

A wheel has it beside this module (pyproject.toml), a checkout where it is written.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

Json = dict[str, Any]

_WHEEL: Final = Path(__file__).with_name("shipped")
_CHECKOUT: Final = Path(__file__).parents[2]


def path(name: str) -> Path:
    """Return a shipped file or folder by its path in the checkout."""
    packed = _WHEEL / name
    return packed if packed.exists() else _CHECKOUT / name


def text(name: str) -> str:
    """Return the text of a shipped file."""
    return path(name).read_text(encoding="utf-8")


def groups(name: str) -> list[Json]:
    """Return the groups of a shipped file of rules."""
    made: list[Json] = yaml.safe_load(text(name))["groups"]
    return made


def files(folder: str, pattern: str) -> Mapping[str, str]:
    """Return the texts of a shipped folder's files by their names, in alphabetical order."""
    found = sorted(path(folder).glob(pattern))
    return {each.name: each.read_text(encoding="utf-8") for each in found}
