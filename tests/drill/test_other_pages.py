"""Which pages count against a drill."""

from datetime import UTC, datetime

import pytest

from burnrate.drill.catalogue import DRILLS
from burnrate.drill.clients import Episode
from burnrate.drill.expectation import ExpectedAlert
from burnrate.drill.other_pages import OtherPages, other_pages

BEGAN = 1_000.0
EXPECTED = ExpectedAlert({"service": "api", "slo": "availability"}, name="ErrorBudgetBurnFast")


def page(name: str, at: float = BEGAN, **labels: str) -> Episode:
    """Return a page that began then."""
    began = datetime.fromtimestamp(at, UTC)
    return Episode(
        id=1,
        state="firing",
        labels={"alertname": name, "severity": "page", **labels},
        starts_at=began,
        first_received_at=began,
        last_received_at=began,
    )


def of_slo(name: str, slo: str, at: float = BEGAN) -> Episode:
    """Return a page of an SLO of the service."""
    return page(name, at, service="api", slo=slo)


@pytest.mark.parametrize(
    ("arrived", "found"),
    [
        ([], OtherPages()),
        ([of_slo("ErrorBudgetBurnFast", "availability")], OtherPages()),
        (
            [of_slo("ErrorBudgetBurnHigh", "availability"), of_slo("RouteFailing", "availability")],
            OtherPages(
                consequences=(
                    "ErrorBudgetBurnHigh (api/availability)",
                    "RouteFailing (api/availability)",
                )
            ),
        ),
        (
            [of_slo("LatencyBurnFast", "latency"), page("TargetDown", service="redis")],
            OtherPages(unexpected=("LatencyBurnFast (api/latency)", "TargetDown (redis)")),
        ),
        ([of_slo("LatencyBurnFast", "latency", at=BEGAN - 1)], OtherPages()),
    ],
    ids=["none", "its own", "consequences", "others", "from before"],
)
def test_a_page_is_expected_a_consequence_or_counts_against_the_drill(
    arrived: list[Episode], found: OtherPages
) -> None:
    """A slower tier of the same SLO is a consequence, another SLO's page is none."""
    assert other_pages(arrived, DRILLS["errors"], EXPECTED, BEGAN) == found


def test_a_pool_that_is_held_is_a_ticket_and_what_users_feel_of_it_pages() -> None:
    """So no page is its own, and those of availability and latency are its consequences."""
    drill = DRILLS["db-pool"]
    assert drill.expected.labels["severity"] == "ticket"
    arrived = [of_slo("LatencyBurnFast", "latency"), of_slo("PoolBurnFast", "pool-postgres")]
    assert other_pages(arrived, drill, drill.expected, BEGAN) == OtherPages(
        unexpected=("PoolBurnFast (api/pool-postgres)",),
        consequences=("LatencyBurnFast (api/latency)",),
    )


def test_a_drill_of_the_watchdog_expects_no_page_at_all() -> None:
    """Only those that its fault causes are allowed."""
    drill = DRILLS["alertmanager-down"]
    arrived = [page("TargetDown", service="alertmanager"), page("TargetDown", service="redis")]
    assert other_pages(arrived, drill, drill.expected, BEGAN) == OtherPages(
        unexpected=("TargetDown (redis)",), consequences=("TargetDown (alertmanager)",)
    )
