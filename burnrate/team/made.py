"""What a release makes of a team's files, as far as somebody would notice a difference."""

import json
import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# `${NAME:-default}` in docker-compose.yml and burnrate.yml.
_VARIABLE: Final = re.compile(r"\$\{([A-Z][A-Z0-9_]*):-((?:[^{}]|\{[^}]*\})*)\}")
_SETTINGS: Final = ("docker-compose.yml", "burnrate.yml")
# Shown by what is in them, and not as files.
_READ: Final = ("grafana/dashboards/", "prometheus/", "loki/rules/", "alerting/alertmanager.yml")
# Nobody outside the release reads these: code, and what the image is built from.
_OF_CODE: Final = ("burnrate/", "api/", "alerting/inbox/", "alerting/__init__.py", "requirements/")
_UNSEEN: Final = frozenset(
    {".dockerignore", ".env", "LICENSE", "README.md", "hatch_build.py", "pyproject.toml"}
)
_RUNBOOKS: Final = "alerting/runbooks/"


@dataclass(frozen=True)
class Rule:
    """A recording or alerting rule.

    Attributes:
        group: Where it stands.
        name: Of the alert or the record.
        fields: The rule as it is written.
    """

    group: str
    name: str
    fields: Mapping[str, Any]

    @property
    def is_record(self) -> bool:
        """Whether it records a series."""
        return "record" in self.fields

    @property
    def labels(self) -> Hashable:
        """What tells it from others of its name."""
        return json.dumps(self.fields.get("labels", {}), sort_keys=True)

    @property
    def text(self) -> str:
        """All of it."""
        return json.dumps(self.fields, sort_keys=True)

    @property
    def is_ledger(self) -> bool:
        """Whether it goes on from what it recorded before."""
        return self.is_record and self.name in str(self.fields["expr"])


@dataclass(frozen=True)
class Made:
    """A release's files for a team.

    Attributes:
        rules: Prometheus' and Loki's.
        panels: By the title of their dashboard, and their own.
        routes: Alertmanager's configuration.
        parts: The services of docker-compose.yml.
        files: Texts of the other files that parts read, and of runbooks.
        settings: Keys of burnrate.yml, and variables, with what they are if nobody sets them.
    """

    rules: tuple[Rule, ...] = ()
    panels: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    routes: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


def read_made(tree: Path, shipped_settings: str) -> Made:
    """Read what is laid out.

    Args:
        tree: As `laid_out` makes it.
        shipped_settings: The release's own burnrate.yml.
    """
    compose = (tree / "docker-compose.yml").read_text(encoding="utf-8")
    return Made(
        rules=tuple(_rules(tree)),
        panels=dict(_numbered(_panels(tree))),
        routes=_yaml((tree / "alerting/alertmanager.yml").read_text(encoding="utf-8")),
        parts=_yaml(compose)["services"],
        files=dict(_files(tree)),
        settings=_settings(compose, shipped_settings),
    )


def _rules(tree: Path) -> Iterator[Rule]:
    folders = (tree / "prometheus/rules", tree / "loki/rules")
    for path in sorted(path for folder in folders for path in folder.rglob("*.yml")):
        for group in _yaml(path.read_text(encoding="utf-8")).get("groups", []):
            for rule in group["rules"]:
                name = rule.get("alert") or rule["record"]
                yield Rule(str(group["name"]), str(name), rule)


def _panels(tree: Path) -> Iterator[tuple[tuple[str, str], Any]]:
    for path in sorted((tree / "grafana/dashboards").glob("*.json")):
        board = json.loads(path.read_text(encoding="utf-8"))
        rows = board.get("panels", [])
        for panel in (each for row in rows for each in (row, *row.get("panels", ()))):
            # Where it stands, and its number, is of no interest.
            shown = {k: v for k, v in panel.items() if k not in {"id", "gridPos", "panels"}}
            yield (board["title"], panel.get("title") or panel["type"]), shown


def _numbered(
    found: Iterator[tuple[tuple[str, str], Any]],
) -> Iterator[tuple[tuple[str, str], Any]]:
    """Yield each under a name of its own."""
    seen: Counter[tuple[str, str]] = Counter()
    for key, content in found:
        seen[key] += 1
        again = f" ({seen[key]})" if seen[key] > 1 else ""
        yield (key[0], f"{key[1]}{again}"), content


def _files(tree: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(tree.rglob("*")):
        name = path.relative_to(tree).as_posix()
        is_kept = name.startswith(_RUNBOOKS) or name == "prometheus/prometheus.yml"
        if not is_kept and (name.startswith((*_READ, *_OF_CODE)) or name in _UNSEEN | {*_SETTINGS}):
            continue
        if path.is_file() and "__pycache__" not in path.parts:
            yield name, path.read_text(encoding="utf-8", errors="replace")


def _settings(compose: str, shipped: str) -> dict[str, str]:
    keys = {f"burnrate.yml: {name}": value for name, value in _flat(_yaml(shipped))}
    variables = _VARIABLE.findall(shipped) + _VARIABLE.findall(compose)
    return keys | {f".env: {name}": value for name, value in variables}


def _flat(content: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in content.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value if isinstance(value, str) else json.dumps(value)


def _yaml(text: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe one
    return content
