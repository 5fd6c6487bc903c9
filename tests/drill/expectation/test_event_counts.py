"""A drill counts events as the SLO's specification does."""

from dataclasses import replace

import pytest

from burnrate.configuration import load_configuration
from burnrate.drill.expectation import EventCounts, RecordedTier
from burnrate.promql import selectors
from burnrate.slo.specification import Slo, load
from burnrate.slo.windows import D1, H1, M5
from tests.servers.processes import ROOT

SLOS = {slo.name: slo for slo in load(ROOT / "prometheus/slo/api.yml", load_configuration()).slos}


def with_queries(error: str, total: str) -> EventCounts:
    """Return the counts of an SLO that is specified so."""
    slo = SLOS["availability"]
    events = slo.events.model_copy(update={"error_query": error, "total_query": total})
    return EventCounts(replace(slo, events=events))


def test_a_window_s_events_are_those_that_alerts_see() -> None:
    """The recorded events a second, times its seconds."""
    counts = EventCounts(SLOS["availability"])
    selector = '{service="api", slo="availability"}'
    assert counts.total(D1) == f"slo:total_events:rate1d{selector} * 86400"
    assert counts.bad(M5) == f"slo:bad_events:rate5m{selector} * 300"


def test_a_tier_has_the_windows_that_are_specified_for_its_name() -> None:
    """Whatever windows the loaded rules have under it: records are named by the specified ones."""
    scaled = RecordedTier("availability", "Fast", 180.0, 15.0, 0.0144)
    assert EventCounts(SLOS["availability"]).windows(scaled) == (H1, M5)


def test_bad_events_so_far_are_the_counters_themselves() -> None:
    """A rate would miss the first failure of a series until its second scrape."""
    counts = with_queries(
        'sum(rate(waits_count{pool="a"}[{{.window}}]))'
        ' - sum(rate(waits_bucket{le="0.05", pool="a"}[{{.window}}]))'
        " + (sum(increase(full[{{.window}}])) or vector(0))",
        "all",
    )
    assert selectors(counts.bad_so_far) == selectors(
        'sum(waits_count{pool="a"}) - sum(waits_bucket{le="0.05", pool="a"})'
        " + (sum(full) or vector(0))"
    )


@pytest.mark.parametrize(
    "matcher",
    [
        r'endpoint=~"/api/v1\\.0/.*"',
        r'endpoint=~"a\"b|c"',
        r"""endpoint=~'/x\\d"\'y'""",
        'endpoint="rate(x[5m])"',
        'endpoint="7",path="0"',
    ],
)
def test_strings_of_a_query_stay_as_they_are(matcher: str) -> None:
    """With their escapes, and whatever else is in them."""
    queries = (f"sum(rate(failed{{{matcher}}}[{{{{.window}}}}]))", f"sum(failed{{{matcher}}})")
    counts = with_queries(queries[0], "all")
    assert matcher in counts.bad_so_far
    assert selectors(counts.bad_so_far) == selectors(queries[1])


def test_a_comment_in_a_query_begins_no_string() -> None:
    """It is left out."""
    counts = with_queries('sum(rate(failed{a="b"}[5m])) # don\'t count "others\n', "all")
    assert selectors(counts.bad_so_far) == selectors('sum(failed{a="b"})')


@pytest.mark.parametrize("slo", SLOS.values(), ids=lambda slo: slo.name)
def test_every_shipped_slo_can_be_followed(slo: Slo) -> None:
    """What is counted is what is specified, without a range and with the same conditions."""
    found = selectors(EventCounts(slo).bad_so_far)
    specified = selectors(slo.error_query("5m"))
    assert found == {replace(each, range_seconds=None) for each in specified}
