"""What the front page's address selects."""

import re

import pytest

from tests.alerting.bodies import a_body, an_alert
from tests.alerting.conftest import Inbox

_ENDED = "2026-11-24T11:00:00Z"


@pytest.fixture
def filled(inbox: Inbox) -> Inbox:
    """Five alerts of three services and two teams, one of them over."""
    for name, severity, service, team, summary in (
        ("PageOfApi", "page", "api", "checkout", "Half of 100 % is gone."),
        ("TicketOfApi", "ticket", "api", "checkout", "The pool_cpu is full."),
        ("PageOfShop", "page", "shop", "storage", "The poolXcpu is full."),
        ("TicketOfHost", "ticket", "host", "storage", "Disk <b> of h7 is full."),
        ("OverOfApi", "ticket", "api", "checkout", "It was full."),
    ):
        labels = {"alertname": name, "severity": severity, "service": service, "team": team}
        labels |= {"slo": "availability"} if name == "PageOfApi" else {}
        ends = {"ends_at": _ENDED} if name.startswith("Over") else {}
        alert = an_alert(name, labels=labels, annotations={"summary": summary}, **ends)
        inbox.post(a_body(alert))
    return inbox


def _names(text: str) -> set[str]:
    return set(re.findall(r">((?:Page|Ticket|Over)Of[A-Z][a-z]+) ", text))


@pytest.mark.parametrize("path", ["/", "/fragment"])
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"PageOfApi", "TicketOfApi", "PageOfShop", "TicketOfHost", "OverOfApi"}),
        ("severity=page", {"PageOfApi", "PageOfShop"}),
        ("service=api&team=&q=", {"PageOfApi", "TicketOfApi", "OverOfApi"}),
        ("team=storage", {"PageOfShop", "TicketOfHost"}),
        ("service=api&severity=ticket", {"TicketOfApi", "OverOfApi"}),
        ("q=FULL", {"TicketOfApi", "PageOfShop", "TicketOfHost", "OverOfApi"}),
        ("q=full+storage", {"PageOfShop", "TicketOfHost"}),
        ("slo=availability", {"PageOfApi"}),
        # What means something to SQL means nothing to people.
        ("q=pool_cpu", {"TicketOfApi"}),
        ("q=100+%25", {"PageOfApi"}),
        ("q=%3Cb%3E", {"TicketOfHost"}),
        ("q=%5C", set()),
        ("q='+OR+1=1", set()),
        # Names of labels are in every alert, so they say nothing.
        ("q=alertname", set()),
    ],
)
def test_the_address_selects_what_is_listed(
    filled: Inbox, path: str, query: str, names: set[str]
) -> None:
    """Of what fires and of what is over; the living part of the page is asked for the same."""
    page = filled.client.get(f"{path}?{query}").text
    assert _names(page) == names
    assert "<h1>2 pages firing</h1><p>2 tickets open as well.</p>" in page


def test_no_page_is_hidden_by_a_filter(filled: Inbox) -> None:
    """The verdict is of all, and what the filter leaves out is said."""
    page = filled.client.get("/?service=host").text
    assert "Only host: 1 of 4 firing." in page
    assert "2 pages fire that this filter does not show." in page
    assert "does not show" not in filled.client.get("/?severity=page").text


def test_a_link_shows_the_same(filled: Inbox) -> None:
    """The form holds what is selected, and the script asks for nothing else."""
    page = filled.client.get("/?severity=ticket&service=host&q=disk+h7&unknown=1").text
    asked = "/fragment?severity=ticket&amp;service=host&amp;q=disk+h7"
    assert f'data-fragment="{asked}"' in page
    for field in (
        '<option value="ticket" selected>',
        'name="service" id="filter-service" value="host"',
        'name="q" id="filter-q" value="disk h7"',
        '<option value="storage">',
    ):
        assert field in page
    assert filled.client.get("/?severity=page").text.count('aria-current="page"') == 1


@pytest.mark.parametrize("query", ["q=" + 201 * "x", "service=" + 1025 * "x"])
def test_an_endless_filter_is_refused(inbox: Inbox, query: str) -> None:
    """By name."""
    answer = inbox.client.get(f"/?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.text


def test_all_words_of_a_long_search_count(filled: Inbox) -> None:
    """None is left out without a word about it."""
    words = "+".join(["full"] * 30)
    assert _names(filled.client.get(f"/?q={words}+disk").text) == {"TicketOfHost"}
