"""The SLOs as Prometheus has them recorded."""

import asyncio
from typing import Any

import httpx2
import pytest

from alerting.inbox.page.slo_rows import slo_rows
from alerting.inbox.watch.prometheus.slos import SloFigures, SloReader

_AVAILABILITY = {"cluster": "eu", "service": "api", "slo": "availability"}


def _series(name: str, value: float, **labels: str) -> dict[str, Any]:
    return {"metric": {"__name__": name, **labels}, "value": [1, str(value)]}


def _figures(series: list[dict[str, Any]], *identity_labels: str) -> SloFigures:
    def answer(request: httpx2.Request) -> httpx2.Response:
        found = [] if request.url.path.endswith("query_range") else series
        return httpx2.Response(200, json={"data": {"result": found}})

    async def read() -> SloFigures:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
            return await SloReader("http://prometheus", client, identity_labels).latest()

    return asyncio.run(read())


def test_the_highest_rate_that_a_page_fires_for_is_the_slos_own() -> None:
    """Not a ticket's, and not one that was right for another period."""
    factor = "slo:alert_burn_rate:factor"

    figures = _figures(
        [
            _series("slo:objective:ratio", 0.99, **_AVAILABILITY),
            _series("slo:error_budget_low:ratio", 0.1, **_AVAILABILITY),
            _series(factor, 1.4, severity="page", tier="High", **_AVAILABILITY),
            _series(factor, 3.36, severity="page", tier="Fast", **_AVAILABILITY),
            _series(factor, 9, severity="ticket", tier="Medium", **_AVAILABILITY),
        ],
        "service",
    )

    (slo,) = figures.slos
    assert (slo.page_burn_rate, slo.low_budget) == (3.36, 0.1)


def test_two_environments_are_two_services() -> None:
    """Where a team names services by more than `service`; an alert finds its own."""
    staging = {**_AVAILABILITY, "cluster": "staging"}
    series = [
        _series("slo:objective:ratio", 0.999, **_AVAILABILITY),
        _series("slo:objective:ratio", 0.9, **staging),
    ]

    figures = _figures(series, "cluster", "service")

    assert [slo.service for slo in figures.slos] == ["eu api", "staging api"]
    found = figures.find({**staging, "alertname": "ErrorBudgetBurnFast"})
    assert found is not None
    assert found.objective == 0.9


@pytest.mark.parametrize(
    ("burn", "left", "moods"),
    [
        (3.4, 0.5, ("bad", "good")),
        (3.3, 0.09, ("low", "low")),
        (1.0, 0.11, ("good", "good")),
        (0.0, -0.1, ("good", "bad")),
    ],
)
def test_colours_follow_what_is_recorded(burn: float, left: float, moods: tuple[str, str]) -> None:
    """Red is what a page fires for, and low what the team calls low."""
    figures = _figures(
        [
            _series("slo:current_burn_rate:ratio", burn, **_AVAILABILITY),
            _series("slo:period_error_budget_remaining:ratio", left, **_AVAILABILITY),
            _series("slo:error_budget_low:ratio", 0.1, **_AVAILABILITY),
            _series("slo:alert_burn_rate:factor", 3.36, severity="page", **_AVAILABILITY),
        ],
        "service",
    )
    assert figures.read_at is not None

    (row,) = slo_rows(figures, figures.read_at)

    assert (row.burn_mood, row.budget_mood) == moods
