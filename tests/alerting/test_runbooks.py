"""Every alert has a runbook, and what a runbook tells one to ask can be asked."""

import re
from pathlib import Path

import promql_parser
import pytest
import yaml

from tests.alerting.servers import ROOT

_RUNBOOKS = sorted((ROOT / "alerting" / "runbooks").glob("*.md"))
_CHAPTERS = [
    "What the user feels",
    "The three most likely causes",
    "What to do",
    "How to know it is over",
]


def _alerts() -> set[str]:
    return {
        rule["alert"]
        for path in [
            *(ROOT / "prometheus" / "rules").glob("*.yml"),
            *(ROOT / "loki" / "rules").glob("*/*.yml"),
        ]
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }


def _queries(path: Path) -> list[str]:
    return re.findall(r"^ *```promql\n(.*?)^ *```", path.read_text(), re.DOTALL | re.MULTILINE)


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    """The link in an alert never leads nowhere, and no page is left behind by a renamed alert."""
    assert {path.stem for path in _RUNBOOKS} == _alerts()


@pytest.mark.parametrize("path", _RUNBOOKS, ids=lambda path: path.stem)
def test_a_runbook_answers_the_four_questions(path: Path) -> None:
    """In this order, with exactly three causes and a query for each."""
    text = path.read_text()
    assert text.startswith(f"# {path.stem}\n")
    chapters = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert chapters == _CHAPTERS
    causes = text.split(f"## {_CHAPTERS[1]}")[1].split(f"## {_CHAPTERS[2]}")[0]
    numbered = re.split(r"^\d\. ", causes, flags=re.MULTILINE)[1:]
    assert len(numbered) == 3
    assert all("```promql" in cause for cause in numbered)
    assert "```promql" in text.split(f"## {_CHAPTERS[3]}")[1]


@pytest.mark.parametrize("path", _RUNBOOKS, ids=lambda path: path.stem)
def test_the_queries_of_a_runbook_parse(path: Path) -> None:
    """They are meant to be pasted at night."""
    queries = _queries(path)
    assert queries
    for query in queries:
        promql_parser.parse(query)


@pytest.mark.parametrize("path", _RUNBOOKS, ids=lambda path: path.stem)
def test_the_links_of_a_runbook_lead_somewhere(path: Path) -> None:
    """Runbooks point at each other by relative paths."""
    for link in re.findall(r"\]\(([^)#]+)", path.read_text()):
        assert (path.parent / link).is_file()
