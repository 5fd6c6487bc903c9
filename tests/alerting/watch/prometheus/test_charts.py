"""Charts: at most once in a while, never too many at once, and in time."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import httpx2
import promql_parser
import pytest
import yaml

from alerting.inbox.errors import UpstreamUnavailableError
from alerting.inbox.watch import (
    Chart,
    ChartReader,
    Panel,
    PrometheusClient,
    Slo,
    Tier,
    panels_of_service,
    panels_of_slo,
)
from alerting.inbox.watch.prometheus.client import selector
from alerting.inbox.watch.prometheus.panels import queries_of_routes
from alerting.inbox.watch.prometheus.slo_series import EVERYTHING
from tests.alerting.servers import ROOT

_PANEL = Panel("burn", "Burn", "times", "", (("burn", "q"),))


def _reading(
    answer: Callable[[httpx2.Request], Coroutine[None, None, httpx2.Response]],
    use: Callable[[ChartReader], Awaitable[Any]],
    clock: Callable[[], float] = lambda: 0.0,
) -> Any:  # noqa: ANN401 (what `use` gives)
    async def run() -> Any:  # noqa: ANN401
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
            return await use(ChartReader(PrometheusClient("http://prometheus", client), clock))

    return asyncio.run(run())


def test_a_chart_is_asked_for_once_in_fifteen_seconds() -> None:
    """However many ask for it at once, and whoever of them leaves."""
    asked: list[str] = []
    now = [0.0]

    async def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.params["query"])
        await asyncio.sleep(0)
        return httpx2.Response(200, json={"data": {"result": []}})

    async def use(reader: ChartReader) -> None:
        first = asyncio.create_task(reader.chart(("a",), _PANEL, 3600))
        others = [asyncio.create_task(reader.chart(("a",), _PANEL, 3600)) for _ in range(9)]
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(*others)
        assert len(asked) == 1
        await reader.chart(("b",), _PANEL, 3600)
        await reader.chart(("a",), _PANEL, 86_400)
        assert len(asked) == 3
        now[0] = 15.0
        await reader.chart(("a",), _PANEL, 3600)
        assert len(asked) == 4

    _reading(answer, use, lambda: now[0])


def test_no_more_than_four_queries_are_under_way() -> None:
    """However many charts are open; the rest waits for its turn."""
    under_way, most = 0, 0

    async def answer(_request: httpx2.Request) -> httpx2.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(5):
            await asyncio.sleep(0)
        under_way -= 1
        return httpx2.Response(200, json={"data": {"result": []}})

    async def use(reader: ChartReader) -> None:
        await asyncio.gather(*(reader.chart((str(n),), _PANEL, 3600) for n in range(20)))

    _reading(answer, use)
    assert most == 4


def test_a_prometheus_that_hangs_costs_no_more_than_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told the time as well, and a failure is remembered as long as an answer."""
    monkeypatch.setattr("alerting.inbox.watch.prometheus.charts._TIMEOUT_SECONDS", 0.05)
    timeouts: list[str] = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        timeouts.append(request.url.params["timeout"])
        await asyncio.Event().wait()
        raise AssertionError

    async def use(reader: ChartReader) -> None:
        for _ in range(2):
            with pytest.raises(UpstreamUnavailableError):
                await reader.chart(("a",), _PANEL, 3600)

    _reading(answer, use)
    assert timeouts == ["0.05s"]


def test_what_prometheus_does_not_have_is_a_hole() -> None:
    """On the chart's own grid, and never a zero."""

    async def answer(request: httpx2.Request) -> httpx2.Response:
        start, step = (float(request.url.params[name]) for name in ("start", "step"))
        values = [[start, "1"], [start + 3 * step, "2"], [start + 4 * step, "NaN"]]
        return httpx2.Response(200, json={"data": {"result": [{"metric": {}, "values": values}]}})

    chart: Chart = _reading(answer, lambda reader: reader.chart(("a",), _PANEL, 3600))
    ((name, values),) = chart.lines
    assert name == "burn"
    assert values[:5] == (1.0, None, None, 2.0, None)
    assert len(values) == len(chart.times) == 241


def test_a_label_cannot_leave_its_quotes() -> None:
    """Whatever an address brings."""
    assert selector({"service": 'a"} or up{b="\\\n'}, 'x="y"') == (
        '{service="a\\"} or up{b=\\"\\\\\\n", x="y"}'
    )


def _names(query: str) -> set[str]:
    """The names of the series in a query."""
    found = set(re.findall(r"\b(?:slo:[a-z_]+:[a-z0-9_]+|[a-z]+(?:_[a-z]+)+)(?=\{)", query))
    assert found, query
    return found


def test_charts_ask_for_series_that_there_are() -> None:
    """The shipped rules record what the charts of SLOs name, the telemetry counts the rest."""
    recorded = {
        rule["record"]
        for path in (ROOT / "prometheus" / "rules").glob("slo-api*.yml")
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
        if "record" in rule
    }
    rates = {"http_requests_total", "http_request_duration_seconds_bucket"}
    counted = {*rates, "pool_wait_seconds_bucket"}
    tier = Tier("Fast", "page", 14.4, "1h", "5m")
    for slo in (Slo(("api",), "x", tiers=(tier,)), Slo(("api",), "x", pool="redis")):
        asked = {
            name
            for panel in panels_of_slo(slo, {"service": "api"}, 60)
            for _, query in panel.queries
            for name in _names(query)
        }
        assert asked <= recorded | counted
        assert len(asked & recorded) == 4
    plain = re.search(r'__name__=~"([^"]+)"', EVERYTHING)
    assert plain is not None
    # The shipped service depends on nothing that has alerts of its own.
    known = recorded | {"slo:depends_on:info"}
    assert {name for name in plain[1].split("|") if not name.endswith(".+")} <= known
    panels = panels_of_service({"service": "api"}, 60)
    assert {name for panel in panels for _, query in panel.queries for name in _names(query)} == (
        rates
    )
    of_routes = queries_of_routes({"service": "api"}, 3600)
    for query in (of_routes.requests, of_routes.failed, of_routes.p99):
        promql_parser.parse(query)
        assert _names(query) <= rates


@pytest.mark.parametrize("step", [15.0, 90.0, 10_800.0])
def test_every_query_of_a_chart_parses(step: float) -> None:
    """For each distance of points, and for a service of any name."""
    service = {"cluster": 'e"u', "service": "a\\b"}
    slo = Slo(("", ""), "x/y")
    panels = (*panels_of_slo(slo, service, step), *panels_of_service(service, step))
    for panel in panels:
        for _, query in panel.queries:
            promql_parser.parse(query)
