"""Runbooks as pages."""

import html
import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import promql_parser
import pytest

from alerting.inbox.page import About, Links, Surroundings, runbook_page
from alerting.inbox.page.desk.runbook import rendered
from tests.alerting.servers import ROOT

_RUNBOOKS = sorted((ROOT / "alerting" / "runbooks").glob("*.md"))
_ALL = re.DOTALL | re.MULTILINE
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


def _page(text: str, about: About) -> str:
    links = Links(lambda: _NAMES, None)
    content = runbook_page("A", text, [], links, _AROUND, datetime.now(UTC), about)
    return html.unescape(str(content.values["text"]))


_ASKS = """\
`$service` is explained, `{service="$service"} | json` is asked.

```promql
up{job="$job"}
```

```promql
sum(front_door_requests_total{job="$front_door"})
```
"""


def test_queries_ask_about_the_alerts_service() -> None:
    """By its scrape jobs, which need not have its name; what explains a placeholder stays."""
    page = _page(_ASKS, About({"service": "shop"}, "web", "door"))
    for text in (
        'up{job="web"}',
        '{job="door"}',
        '<code>{service="shop"}',
        "<code>$service</code>",
    ):
        assert text in page
    assert 'up{job="shop"}' in _page(_ASKS, About({"service": "shop"}))


def test_a_service_without_a_front_door_has_no_query_about_one() -> None:
    """Another one's figures would be taken for its own; where both are asked, one is left."""
    page = _page(_ASKS, About({"service": "shop"}))
    assert "Nothing counts in front of shop." in page
    assert "front_door_requests_total" not in page
    both = '```promql\nup{job=~"$front_door|$job"}\n```\n'
    assert 'up{job=~"shop"}' in _page(both, About({"service": "shop"}))


@pytest.mark.parametrize("value", ['x"} or vector(1)', "", "a" * 201])
def test_a_name_that_would_leave_the_query_is_none(value: str) -> None:
    """The query stays as it is written."""
    assert 'up{job="$job"}' in _page(_ASKS, About({"service": value}))
    assert 'up{job="$job"}' in _page(_ASKS, About({"service": "shop", "cluster": value or '"'}))


@pytest.mark.parametrize("path", _RUNBOOKS, ids=lambda path: path.stem)
def test_queries_keep_to_one_of_several_environments(path: Path) -> None:
    """All labels that name a service are in selectors and lists, and nothing is left open."""
    about = About({"cluster": "eu", "service": "shop"}, "web", "door")
    text = path.read_text()
    page = str(rendered(text, _AROUND, about))
    links = re.findall(r'class="ask"><a href="([^"]*)"', page)
    asked = [parse_qs(urlsplit(link.replace("&amp;", "&")).query)["g0.expr"][0] for link in links]
    for written, query in zip(
        re.findall(r"^ *```promql\n(.*?)^ *```", text, _ALL), asked, strict=True
    ):
        promql_parser.parse(query)
        assert "$" not in query
        if re.search(r"\$(service|job|front_door)", written):
            assert 'cluster="eu"' in query
        assert not re.search(r"\b(on|by) \(service", query)


def test_log_files_are_named_where_there_is_no_loki() -> None:
    """In runbooks that would ask it."""
    links = Links(lambda: _NAMES, None)
    now = datetime.now(UTC)
    asking = runbook_page("A", "The lines are in Loki.", None, links, _QUIET, now)
    other = runbook_page("A", "Nothing about logs.", None, links, _QUIET, now)
    assert (asking.values["logs_folder"], other.values["logs_folder"]) == ("/stack/logs", None)
