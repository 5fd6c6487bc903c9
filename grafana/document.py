"""docs/dashboards.md and its annex: each dashboard's picture and questions, and each query."""

import json
from pathlib import Path
from typing import Any, Final

from grafana.expected_empty import EMPTY

ROOT: Final = Path(__file__).parents[1]
# Written by the tests that ask each query on a real stack (tests/grafana/conftest.py).
LAST_RUN: Final = ROOT / "grafana/last_run.json"
DOCUMENT: Final = ROOT / "docs/dashboards.md"
ANNEX: Final = ROOT / "docs/dashboard-queries.md"
# Taken by hand from a running stack, of those dashboards that have one.
_PICTURES: Final = ROOT / "docs/images"

_GENERATED: Final = "<!-- Written by `python -m grafana.build`; do not edit. -->\n"
_HEAD: Final = f"""\
{_GENERATED}# Dashboards

They lead from the general to the special: *Services* says which service needs somebody, its *SLO
overview* which objective, since when, and where; *Service*, *Saturation*, *Logs* and *Traces* say
why; the rest is about the parts below. Each panel answers one question, which is the first sentence
of its description. Colour means state: red is bad, yellow needs a look, and what is unknown has
none. [walk.md](walk.md) goes from an alert to the lines of one failing request in six pictures, the
[annex](dashboard-queries.md) has every query, and
[decision 37](decisions/0037-what-dashboards-show-and-leave-out.md) says what was left out, and why.

The pictures are of Grafana 9.4 with the stack as plain processes on a busy machine: healthy, in an
outage (the drill `errors`, 50 seconds in), or with parts missing (Loki, PostgreSQL and the node
exporter stopped); Alloy did not run, a script shipped the lines. A red corner means that a panel's
source did not answer: what it shows says nothing. Whether Grafana 13.2, which the containers run,
draws the same was not looked at.

*Services*, the home page, sends 13 queries whatever the number of services. With the generated
rules of 1, 10 and 100 of them, the last answer came 2.0, 2.8 and 3.0 s after the page was opened:
the best of three, in Chromium, on two cores with a load of 3, 6 and 12.

**In a Grafana of your own**: import a file of `grafana/dashboards/` by hand (*New*, *Import*). Each
asks for its data sources by variables above the page (*Metrics*, *Logs*, *Traces*), so none is
written into it; choose yours there. Grafana 9.4 and later draw them. Before 10, a line does not
lead to its trace.
"""

_ANNEX_HEAD: Final = f"""\
{_GENERATED}# Queries of the dashboards

What each panel of the [dashboards](dashboards.md) asks. *Data* is what its queries returned when
the tests (`tests/grafana`) last ran them on a stack with traffic and drills: data, or unchecked,
because the part that they need was not installed. Panels that are empty on a healthy stack are
listed at the end. Last asked on {{date}}, of {{versions}}.
"""


def document(built: list[dict[str, Any]]) -> str:
    """Return the page for readers of these dashboards, as they are in their files."""
    return "\n".join([_HEAD, *map(_chapter, built)])


def annex(built: list[dict[str, Any]]) -> str:
    """Return the page with every query of these dashboards."""
    last_run = json.loads(LAST_RUN.read_text(encoding="utf-8"))
    sections = [_section(dashboard, last_run["queries"]) for dashboard in built]
    asked = [f"{part.title()} {version}" for part, version in last_run["versions"].items()]
    head = _ANNEX_HEAD.format(date=last_run["date"], versions=", ".join(asked))
    return "\n".join([head, *sections, _empty_when_healthy()])


def _chapter(dashboard: dict[str, Any]) -> str:
    name = dashboard["uid"].removeprefix("burnrate-")
    lines = _introduction(dashboard)
    for picture, text in (
        (f"dashboard-{name}-healthy.png", ", healthy"),
        (f"dashboard-{name}.png", ""),
        (f"dashboard-{name}-missing.png", ", a part missing"),
        (f"dashboard-{name}-phone.png", ", phone"),
    ):
        if (_PICTURES / picture).exists():
            lines += [f"![{dashboard['title']}{text}](images/{picture})", ""]
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            lines += ["", f"*{panel['title']}*", ""]
        else:
            lines.append(f"- **{panel['title']}**: {_question(panel)}")
    return "\n".join(lines) + "\n"


def _introduction(dashboard: dict[str, Any]) -> list[str]:
    address = f"{dashboard['description']} Address: `/d/{dashboard['uid']}`."
    return [f"## {dashboard['title']}", "", address, ""]


def _question(panel: dict[str, Any]) -> str:
    return str(panel["description"]).partition("?")[0] + "?"


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
    for name, empty in EMPTY.items():
        where = "" if empty.is_held else " (not in the tests)"
        lines.append(f"| {name} | {empty.reason} | {empty.drill}{where} |")
    return "\n".join(lines) + "\n"


def _section(dashboard: dict[str, Any], last_run: dict[str, str]) -> str:
    lines = [*_introduction(dashboard), "| Panel | Query | Data |", "|---|---|---|"]
    shown = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    lines += [_line(dashboard["title"], panel, last_run) for panel in shown]
    return "\n".join(lines) + "\n"


def _line(title: str, panel: dict[str, Any], last_run: dict[str, str]) -> str:
    queries, verdicts = [], []
    for target in panel["targets"]:
        text = target.get("expr") or target["query"]
        # A double backtick, because a query may hold single ones.
        queries.append(f"`` {text} ``".replace("|", "\\|"))
        name = f"{title} / {panel['title']} / {target['refId']}"
        verdicts.append(last_run.get(name, "unchecked: not asked yet"))
    data = verdicts[:1] if len(set(verdicts)) == 1 else verdicts
    return f"| {panel['title']} | {'<br>'.join(queries)} | {'<br>'.join(data)} |"
