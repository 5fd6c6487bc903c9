"""What the address of the past selects."""

import re
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from alerting.inbox.page.addresses import parameters_of
from alerting.inbox.store import Selection
from tests.alerting.bodies import a_body, an_alert
from tests.alerting.conftest import Inbox

_DAY = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def past(inbox: Inbox) -> Inbox:
    """Four incidents: one a service, on a day each of them; the last one fires still."""
    for day, (service, labels) in enumerate(
        (
            ("api", {"severity": "page", "slo": "availability", "team": "checkout"}),
            ("shop", {"severity": "ticket", "slo": "latency", "team": "checkout"}),
            ("host", {"severity": "ticket"}),
            ("blog", {"severity": "page", "slo": "availability"}),
        )
    ):
        start = _DAY + timedelta(days=day, hours=10)
        alert = an_alert(
            str(day),
            labels={"alertname": "Alert", "service": service, **labels},
            annotations={"summary": f"Summary of {service}, 100 % full."},
            starts_at=start.isoformat(),
            **({} if service == "blog" else {"ends_at": (start + timedelta(hours=1)).isoformat()}),
        )
        inbox.post(a_body(alert))
    inbox.post(a_body(an_alert("more", labels={"service": "blog", "severity": "ticket"})))
    return inbox


def _services(text: str) -> list[str]:
    return re.findall(r'href="/incidents/\d+">(\w+)</a>', text)


@pytest.mark.parametrize("path", ["/history", "/fragments/history"])
@pytest.mark.parametrize(
    ("query", "services"),
    [
        ("", ["blog", "host", "shop", "api"]),
        ("severity=page", ["blog", "api"]),
        ("severity=ticket&service=&from=&until=", ["blog", "host", "shop"]),
        ("service=api", ["api"]),
        ("slo=availability", ["blog", "api"]),
        ("slo=availability&team=checkout", ["api"]),
        # One alert has all of it, not each of several some of it.
        ("slo=availability&severity=ticket", []),
        ("q=SUMMARY+host", ["host"]),
        ("q=100+%25", ["blog", "host", "shop", "api"]),
        # It counts whether something fired then: the last one does until now.
        ("from=2026-11-22", ["blog", "host"]),
        ("until=2026-11-20", ["api"]),
        ("from=2026-11-21T10:30&until=2026-11-21T10:40", ["shop"]),
        ("from=2026-11-21T11:01&until=2026-11-22T09:59:59", []),
        ("from=2026-11-21T13:30%2B03:00&until=2026-11-21T10:40Z", ["shop"]),
        ("from=2026-11-23&service=api", []),
    ],
)
def test_the_address_selects_incidents(
    past: Inbox, path: str, query: str, services: list[str]
) -> None:
    """By severity, service, SLO, team, words and time, in UTC; also when it is refreshed."""
    assert _services(past.client.get(f"{path}?{query}").text) == services


def test_the_next_page_is_of_the_same(past: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that was asked for is lost on the way, nor in the form."""
    monkeypatch.setattr("alerting.inbox.web.desk.history._A_PAGE", 1)
    query = "severity=page&slo=availability&q=full&from=2026-11-20&until=2026-11-30T08:00"
    page = past.client.get(f"/history?{query}").text
    assert _services(page) == ["blog"]
    (older,) = re.findall(r'href="([^"]+)" rel="next"', page)
    older = older.replace("&amp;", "&")
    assert _services(past.client.get(older).text) == ["api"]
    asked = httpx2.QueryParams(older.partition("?")[2])
    assert dict(asked.items()) == {
        "severity": "page",
        "slo": "availability",
        "q": "full",
        "from": "2026-11-20T00:00",
        "until": "2026-11-30T08:00",
        "before": "4",
    }
    assert 'name="from" id="filter-from" value="2026-11-20T00:00"' in page
    assert "Only pages, SLO availability, “full”, from 2026-11-20 00:00:00 UTC" in page


@pytest.mark.parametrize(
    "query", ["from=yesterday", "until=2026-13-01", "from=0001-01-01T00:00%2B09:00", "until=7"]
)
def test_what_is_no_time_is_refused(inbox: Inbox, query: str) -> None:
    """By name, and with one that is."""
    answer = inbox.client.get(f"/history?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.text
    assert "2026-11-24T18:00" in answer.text


def test_all_that_selects_is_in_addresses() -> None:
    """A new field of a selection is not forgotten in links."""
    names = Selection.__dataclass_fields__
    assert len(parameters_of(Selection(**dict.fromkeys(names, "x")))) == len(names)
