"""The SLOs as Prometheus has them recorded."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from alerting.inbox.page.slo_rows import slo_rows
from alerting.inbox.watch.prometheus import PrometheusClient, SloFigures, SloReader

_AVAILABILITY = {"cluster": "eu", "service": "api", "slo": "availability"}


def _series(name: str, value: float, **labels: str) -> dict[str, Any]:
    return {"metric": {"__name__": name, **labels}, "value": [1, str(value)]}


def _figures(series: list[dict[str, Any]], *identity_labels: str) -> SloFigures:
    def answer(request: httpx2.Request) -> httpx2.Response:
        found = [] if request.url.path.endswith("query_range") else series
        return httpx2.Response(200, json={"data": {"result": found}})

    async def read() -> SloFigures:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
            reader = SloReader(PrometheusClient("http://prometheus", client), identity_labels)
            await reader()
            return reader.latest()

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


def _reading(answers: dict[str, list[dict[str, Any]]]) -> tuple[SloFigures, list[str]]:
    """Read once from a Prometheus that has an answer for each query that begins so."""
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        query = request.url.params["query"]
        if "start" in request.url.params:
            query = f"{query} step {request.url.params['step']}"
        asked.append(query)
        found = next((each for start, each in answers.items() if query.startswith(start)), [])
        return httpx2.Response(200, json={"data": {"result": found}})

    async def read() -> SloFigures:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
            reader = SloReader(
                PrometheusClient("http://prometheus", client), ("cluster", "service")
            )
            await reader()
            return reader.latest()

    return asyncio.run(read()), asked


def test_the_line_is_of_the_history_there_is() -> None:
    """Of eighteen minutes there are points each 15 s, in a frame of eighteen minutes."""
    at = time.time()
    line = {"metric": _AVAILABILITY, "values": [[at - 600, "1"], [at - 300, "0.9"], [at, "0.8"]]}

    figures, asked = _reading(
        {
            "{__name__": [
                _series("slo:time_period:days", 30, **_AVAILABILITY),
                _series("slo:history:seconds", 1080, **_AVAILABILITY),
                _series("slo:sli_series:count", 3, **_AVAILABILITY),
                # One that nobody uses here has no history, and widens no frame.
                _series("slo:time_period:days", 30, **{**_AVAILABILITY, "slo": "unused"}),
            ],
            "slo:period_error_budget_remaining:ratio": [line],
        }
    )

    assert "slo:period_error_budget_remaining:ratio step 15.000" in asked
    row, _ = slo_rows(figures, datetime.fromtimestamp(at, UTC))
    assert row.line is not None
    assert row.line.points.split()[0].startswith("71.")  # 600 of 1,080 seconds ago, of 160 pixels
    assert (row.history, row.line_length) == (timedelta(seconds=1080), timedelta(seconds=1080))


def test_an_slo_that_is_not_measured_says_since_when() -> None:
    """By the last sample of what it counts; its neighbour is measured."""
    latency = {**_AVAILABILITY, "slo": "latency"}

    figures, asked = _reading(
        {
            "{__name__": [
                _series("slo:history:seconds", 1e6, **_AVAILABILITY),
                _series("slo:sli_series:count", 3, **latency),
            ],
            "max_over_time(timestamp(slo:sli_series:count)": [
                {"metric": _AVAILABILITY, "value": [2000, "1000"]}
            ],
        }
    )

    assert len(asked) == 3
    lost, measured = figures.slos
    assert (lost.is_measured, lost.unmeasured_since) == (False, datetime.fromtimestamp(1000, UTC))
    assert (measured.is_measured, measured.unmeasured_since) == (True, None)


def test_without_a_ledger_the_shortest_window_tells_whether_it_is_measured() -> None:
    """As VictoriaMetrics and Sloth's own rules have it."""
    figures, _ = _reading(
        {
            "{__name__": [
                _series("slo:objective:ratio", 0.99, **_AVAILABILITY),
                _series("slo:sli_error:ratio_rate5m", 0.02, **_AVAILABILITY),
                _series("slo:sli_error:ratio_rate6h", 0.01, **{**_AVAILABILITY, "slo": "old"}),
            ]
        }
    )

    measured, lost = figures.slos
    assert (measured.is_measured, lost.is_measured) == (True, False)
    assert measured.burn_in("5m") == pytest.approx(2)


def test_a_reader_says_at_once_what_it_knows_and_when_prometheus_goes() -> None:
    """Pages never wait for it; whoever follows the changes is woken."""
    news: list[str] = []
    is_up = True

    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200 if is_up else 503, json={"data": {"result": []}})

    async def read() -> None:
        nonlocal is_up
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
            reader = SloReader(
                PrometheusClient("http://prometheus", client),
                on_news=lambda: news.append(str(reader.latest().problem)),
            )
            assert reader.latest().problem == "Prometheus has not been asked yet."
            await reader()
            is_up = False
            await reader()
            await reader()

    asyncio.run(read())
    assert news == ["Prometheus has no recorded SLO yet.", "Prometheus does not answer."]


def test_since_when_is_known_from_the_readings_themselves() -> None:
    """To the reading; Prometheus is asked once for what was not measured before the first one."""
    asked: list[str] = []
    is_counted = True

    def answer(request: httpx2.Request) -> httpx2.Response:
        query = request.url.params["query"]
        asked.append(query)
        found = [_series("slo:history:seconds_last", 600, **_AVAILABILITY)]
        if is_counted:
            found.append(_series("slo:sli_series:count", 3, **_AVAILABILITY))
        found.append(_series("slo:objective:ratio", 1, **{**_AVAILABILITY, "slo": "unused"}))
        result = found if query.startswith("{") else []
        return httpx2.Response(200, json={"data": {"result": result}})

    async def read() -> tuple[datetime, datetime, SloFigures]:
        nonlocal is_counted
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
            reader = SloReader(
                PrometheusClient("http://prometheus", client), ("cluster", "service")
            )
            before = datetime.now(UTC)
            await reader()
            after = datetime.now(UTC)
            is_counted = False
            await reader()
            await reader()
            return before, after, reader.latest()

    before, after, figures = asyncio.run(read())
    lost, unused = figures.slos
    assert lost.unmeasured_since is not None
    assert before <= lost.unmeasured_since <= after
    assert (unused.is_measured, unused.unmeasured_since) == (False, None)
    assert len([query for query in asked if "timestamp(" in query]) == 1
