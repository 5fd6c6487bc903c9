"""The page of one SLO."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from alerting.inbox.page import slo_page
from alerting.inbox.page.addresses import service_address, slo_address
from alerting.inbox.page.desk.ranges import choices, default_for, seconds_of
from alerting.inbox.page.rendering import render_page
from alerting.inbox.watch import Slo, SloFigures, Tier, panels_of_slo

_NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
_FAST = Tier("Fast", "page", 14.4, "1h", "5m", 3)


def _page(slo: Slo, problem: str | None = None) -> str:
    figures = SloFigures((slo,), _NOW, problem)
    panels = panels_of_slo(slo, figures.labels_of(slo), 60)
    return render_page(slo_page(slo, figures, panels, _NOW, "1d"), "/fragments/x")


@pytest.mark.parametrize(
    ("ratios", "words", "mood"),
    [
        ({"1h": 0.02, "5m": 0.016}, "both windows burn faster", "bad"),
        ({"1h": 0.02, "5m": 0.001}, "one of two windows burns faster", "low"),
        ({"1h": 0.001, "5m": 0.0}, "below", "good"),
        ({"1h": 0.02}, "not known", "unknown"),
    ],
)
def test_a_tier_says_how_near_its_alert_is(ratios: dict[str, float], words: str, mood: str) -> None:
    """By both of its windows; what is not recorded is not called good."""
    slo = Slo(("api",), "availability", objective=0.999, tiers=(_FAST,), error_ratios=ratios)
    row = re.search(r'<tr class="(\w+)"><th scope="row">Fast.*?</tr>', _page(slo), re.DOTALL)
    assert row is not None
    assert row[1] == mood
    assert f'<td class="verdict">{words}</td>' in row[0]
    assert "14.4\N{MULTIPLICATION SIGN}" in row[0]


def test_a_budget_overspent_and_a_short_history_are_said_in_words() -> None:
    """Never "100 % left" beside minus 4,299 %, nor thirty days after eighteen minutes."""
    slo = Slo(("api",), "x", budget_left=-121.0, period_days=30, history_seconds=1080.0)
    page = _page(slo)
    assert "spent 122 times over" in page
    assert "only 18 min" in page


def test_an_slo_that_is_not_measured_says_since_when() -> None:
    """And that nothing is good or bad meanwhile."""
    since = _NOW - timedelta(minutes=14)
    page = _page(Slo(("api",), "x", is_measured=False, unmeasured_since=since))
    assert re.search(r"not measured since <time[^>]*>11:46:00</time>", page)


def test_old_figures_say_from_when_they_are() -> None:
    """Where Prometheus has ceased to answer."""
    page = _page(Slo(("api",), "x"), "Prometheus does not answer.")
    assert "Prometheus does not answer. These figures are from <time" in page


def test_hostile_names_stay_text() -> None:
    """In the page, in its links and in the queries that its charts stand for."""
    hostile = '"><script>alert(1)</script>'
    slo = Slo((hostile,), f"{hostile}/x", objective=0.9, tiers=(_FAST,), pool=None)
    page = _page(slo)
    assert "<script>alert" not in page
    panels = panels_of_slo(slo, {"service": hostile}, 60)
    assert all('service="\\"><script>' in query for panel in panels for _, query in panel.queries)


def test_addresses_keep_every_label_and_any_name() -> None:
    """A slash in a service's name is no new segment, one in an SLO's name stays."""
    identity = {"cluster": "e u", "service": "a/b"}
    assert slo_address(identity, "x/y z") == "/slos/a%2Fb/x/y%20z?cluster=e+u"
    assert service_address(identity) == "/services/a%2Fb?cluster=e+u"


def test_ranges_go_from_an_hour_to_the_period() -> None:
    """Those longer than the period are left out, and an unknown one is the default."""
    offered = choices("/slos/a/b?cluster=eu", "what", 7)
    assert [choice.name for choice in offered] == ["1 h", "6 h", "1 d", "3 d", "7 d"]
    assert [choice.name for choice in offered if choice.is_chosen] == ["6 h"]
    assert offered[-1].address == "/slos/a/b?cluster=eu&range=period"
    assert seconds_of("period", 7) == 7 * 86_400
    assert [default_for(history) for history in (1080, 86_400.0, None)] == ["1h", "6h", "6h"]
