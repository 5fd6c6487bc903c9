"""Runbooks as pages."""

import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import promql_parser
import pytest

from alerting.inbox.page import Links, Surroundings, runbook_page
from alerting.inbox.page.desk.runbook import rendered
from tests.alerting.servers import ROOT

_RUNBOOKS = sorted((ROOT / "alerting" / "runbooks").glob("*.md"))
_NAMES = {path.stem for path in _RUNBOOKS}
_AROUND = Surroundings(lambda: _NAMES, "http://prometheus.example", None)
_QUIET = Surroundings(lambda: _NAMES, None, "/stack/logs")


@pytest.mark.parametrize("path", _RUNBOOKS, ids=lambda path: path.stem)
def test_each_query_of_a_runbook_is_one_click_away(path: Path) -> None:
    """As it is written, and where nothing answers there is no link to it."""
    text = path.read_text()
    written = re.findall(r"^ *```promql\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)

    page = str(rendered(text, _AROUND))

    links = re.findall(r'class="ask"><a href="([^"]*)"', page)
    asked = [parse_qs(urlsplit(link.replace("&amp;", "&")).query)["g0.expr"][0] for link in links]
    assert [query.split() for query in asked] == [query.split() for query in written]
    for query in asked:
        promql_parser.parse(query)
    assert 'class="ask"' not in str(rendered(text, _QUIET))


def test_links_between_runbooks_lead_to_pages() -> None:
    """Those to files that are not served become words, and no script is a link."""
    text = (
        "[one](TargetDown.md) [two](../../docs/backup.md) [three](https://example.org/x)"
        " [four](Nothing.md) [five](<javascript:alert(1)>)"
    )
    page = str(rendered(text, _AROUND))
    assert re.findall(r'href="([^"]*)"', page) == ["/runbooks/TargetDown", "https://example.org/x"]
    assert "<span>two</span>" in page


def test_markup_in_a_runbook_is_shown_and_not_obeyed() -> None:
    """Also in queries, code and link targets."""
    hostile = "<script>alert(1)</script>"
    text = (
        f"# {hostile}\n\n{hostile}\n\n`{hostile}`\n\n```promql\n{hostile}\n```\n\n"
        f'```\n{hostile}\n```\n\n[x](https://e.org/"><script>)\n\n| a |\n|---|\n| {hostile} |\n'
    )
    page = str(rendered(text, _AROUND))
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 6


def test_queries_ask_about_the_alerts_service() -> None:
    """Where the runbook says that they are for any; a name that would leave the query is none."""
    text = 'Replace: replace it with the alert\'s\n`service`.\n\n```promql\nup{job="api"}\n```\n'

    def page(text: str, service: str) -> str:
        links = Links(lambda: _NAMES, None)
        content = runbook_page("A", text, [], links, _AROUND, datetime.now(UTC), service)
        return str(content.values["text"])

    assert "up{job=&#34;shop&#34;}" in page(text, "shop")
    assert "up{job=&#34;api&#34;}" in page(text, "api")
    assert "up{job=&#34;api&#34;}" in page(text, 'x"} or vector(1)')
    assert "up{job=&#34;api&#34;}" in page(text.replace("replace it", "leave it"), "shop")


def test_log_files_are_named_where_there_is_no_loki() -> None:
    """In runbooks that would ask it."""
    links = Links(lambda: _NAMES, None)
    now = datetime.now(UTC)
    asking = runbook_page("A", "The lines are in Loki.", None, links, _QUIET, now)
    other = runbook_page("A", "Nothing about logs.", None, links, _QUIET, now)
    assert (asking.values["logs_folder"], other.values["logs_folder"]) == ("/stack/logs", None)
