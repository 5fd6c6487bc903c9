"""What rules, runbooks and dashboards name exists in what the processes really expose.

What is not installed here is skipped by name; with its binaries on the PATH, it is checked too.
"""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from burnrate.promql import Selector, selectors
from tests.grafana.panels import BUILT, all_queries, every_value, fill
from tests.servers.checkout import copied_checkout
from tests.slo.asked import OF_PROMETHEUS, Rules, queries_of_runbooks
from tests.slo.exposed import Exposed, part_of, unrecorded
from tests.support.waiting import wait_until

_RULES = Rules()
_ASKED = {
    selector
    for query in [*_RULES.queries(), *queries_of_runbooks()]
    for selector in selectors(query)
}
_OF_PROCESSES = sorted(
    (each for each in _ASKED if ":" not in each.name and each.name not in OF_PROMETHEUS), key=str
)


@pytest.fixture(scope="module")
def exposed() -> Iterator[Exposed]:
    """A whole stack almost without traffic, as soon as nothing is missing any more.

    That is after a first evaluation of every group, and once the parts have found each other.
    """
    with copied_checkout() as checkout:
        checkout.evaluate_often()
        checkout.up()
        found = Exposed(checkout)
        # What is missing in the end is each test's to say.
        with suppress(AssertionError):
            wait_until(lambda: _is_complete(found), every_seconds=0.5)
        yield found


def _is_complete(found: Exposed) -> bool:
    found.ask()
    found.scrape()
    is_evaluated = all(rule["health"] != "unknown" for rule in found.rules())
    return is_evaluated and all(found.has(s) or part_of(s) for s in _OF_PROCESSES)


@pytest.mark.integration
@pytest.mark.parametrize("selector", _OF_PROCESSES, ids=str)
def test_what_is_asked_for_is_exposed(exposed: Exposed, selector: Selector) -> None:
    """Metric, label and bucket, on a service whose posts and users were asked for."""
    part = part_of(selector)
    if part is not None and part not in exposed.addresses:
        pytest.skip(f"{part} is not installed: {selector} is unchecked")
    assert exposed.has(selector)


@pytest.mark.integration
def test_every_rule_can_be_evaluated(exposed: Exposed) -> None:
    """On the series as they are: no label is there twice, no two sides match many to many."""
    rules = exposed.rules()

    assert {rule["name"] for rule in rules} == {
        rule.get("record") or rule["alert"] for rule in _RULES.rules
    }
    assert [rule for rule in rules if rule["health"] != "ok"] == []


def test_recorded_series_that_are_asked_for_are_recorded() -> None:
    """By rules, runbooks and dashboards, with the labels that they ask for."""
    titles = {dashboard["title"]: dashboard for dashboard in BUILT.values()}
    asked = {
        selector
        for query in all_queries()
        if query.kind == "prometheus"
        for selector in selectors(
            fill(query.text, {**every_value(titles[query.dashboard], "api"), "slo": ".*"})
        )
    }
    assert any(":" in selector.name for selector in asked)

    assert unrecorded(_ASKED | asked, _RULES.recorded()) == []
