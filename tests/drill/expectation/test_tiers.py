"""Which tier of an SLO a drill waits for: read from what the loaded rules record."""

from typing import Any

import httpx2
import pytest

from burnrate.drill.clients import PrometheusApi
from burnrate.drill.expectation import RecordedTier, recorded_tiers
from burnrate.http_client import HttpClient
from burnrate.promql import selectors

LABELS = {"service": "api", "slo": ".*postgres.*", "severity": "page"}


def prometheus(asked: list[str], *tiers: tuple[str, str, str, float]) -> PrometheusApi:
    """Return a Prometheus that records these tiers of one SLO: name, windows and threshold."""
    result = [
        {
            "metric": {
                "service": "api",
                "slo": "pool-postgres",
                "severity": "page",
                "tier": tier,
                "long_window": long,
                "short_window": short,
            },
            "value": [0, str(threshold)],
        }
        for tier, long, short, threshold in tiers
    ]
    data: dict[str, Any] = {"resultType": "vector", "result": result}

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.params["query"])
        return httpx2.Response(200, json={"status": "success", "data": data})

    transport = httpx2.MockTransport(answer)
    return PrometheusApi(HttpClient("prometheus", "http://127.0.0.1:1", transport=transport))


def test_the_tier_with_the_shortest_windows_is_the_first() -> None:
    """It fires first in theory; windows may be of any length, as a scaled stack has them."""
    tiers = (("High", "6h", "30m", 0.006), ("Fast", "2m30s", "15s", 0.0144))
    assert recorded_tiers(prometheus([], *tiers), LABELS) == [
        RecordedTier("pool-postgres", "Fast", 150, 15, 0.0144),
        RecordedTier("pool-postgres", "High", 21_600, 1_800, 0.006),
    ]


def test_an_slo_that_is_not_loaded_has_no_tier() -> None:
    """Its drill is refused."""
    assert recorded_tiers(prometheus([]), LABELS) == []


@pytest.mark.parametrize("name", ["slo:alert_burn_rate:factor", "slo:error_budget:ratio"])
def test_prometheus_is_asked_for_what_the_generator_records(name: str) -> None:
    """A page's threshold is its factor times the budget."""
    asked: list[str] = []
    recorded_tiers(prometheus(asked), LABELS)
    (query,) = asked
    (found,) = (each for each in selectors(query) if each.name == name)
    wanted = LABELS if name == "slo:alert_burn_rate:factor" else {}
    conditions = {each.label: each.value for each in found.matchers if each.label != "__name__"}
    assert conditions == wanted
