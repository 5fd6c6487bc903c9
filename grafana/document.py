"""docs/dashboards.md: each panel, its question, its queries, and whether the last run got data."""

import json
from pathlib import Path
from typing import Any, Final

from grafana.expected_empty import EMPTY

ROOT: Final = Path(__file__).parents[1]
# Written by the tests that ask each query on a real stack (tests/grafana/conftest.py).
LAST_RUN: Final = ROOT / "grafana/last_run.json"
DOCUMENT: Final = ROOT / "docs/dashboards.md"

_HEAD: Final = """\
<!-- Written by `python -m grafana.build`; do not edit. -->
# Dashboards

Each panel answers one question. *Data* is what its queries returned when the tests
(`tests/grafana`) last ran them on a stack with traffic and drills: data, or unchecked, because the
part that they need was not installed. Panels that are empty on a healthy stack are listed at the
end.
"""


def document(built: list[dict[str, Any]]) -> str:
    """Return the page for these dashboards, as they are in their files."""
    last_run = json.loads(LAST_RUN.read_text(encoding="utf-8"))
    sections = [_section(dashboard, last_run) for dashboard in built]
    return "\n".join([_HEAD, *sections, _empty_when_healthy()])


def _empty_when_healthy() -> str:
    lines = [
        "## Empty on a healthy stack",
        "",
        "The traffic of the tests has the faults of these drills, so each of these queries",
        "returned data, unless the table says otherwise.",
        "",
        "| Dashboard / panel / query | Why | What fills it |",
        "|---|---|---|",
    ]
    lines += [f"| {name} | {empty.reason} | {empty.drill} |" for name, empty in EMPTY.items()]
    return "\n".join(lines) + "\n"


def _section(dashboard: dict[str, Any], last_run: dict[str, str]) -> str:
    lines = [
        f"## {dashboard['title']}",
        "",
        f"{dashboard['description']} Address: `/d/{dashboard['uid']}`.",
        "",
        "| Panel | Question | Query | Data |",
        "|---|---|---|---|",
    ]
    shown = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    lines += [_line(dashboard["title"], panel, last_run) for panel in shown]
    return "\n".join(lines) + "\n"


def _line(title: str, panel: dict[str, Any], last_run: dict[str, str]) -> str:
    question = panel["description"].partition("?")[0] + "?"
    queries, verdicts = [], []
    for target in panel["targets"]:
        text = target.get("expr") or target["query"]
        # A double backtick, because a query may hold single ones.
        queries.append(f"`` {text} ``".replace("|", "\\|"))
        name = f"{title} / {panel['title']} / {target['refId']}"
        verdicts.append(last_run.get(name, "unchecked: not asked yet"))
    data = verdicts[:1] if len(set(verdicts)) == 1 else verdicts
    return f"| {panel['title']} | {question} | {'<br>'.join(queries)} | {'<br>'.join(data)} |"
