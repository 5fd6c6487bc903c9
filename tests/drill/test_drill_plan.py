"""What a drill waits for on a stack, and which stack it cannot be held on."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import pytest

from burnrate.drill.catalogue import DRILLS
from burnrate.drill.clients import AlertmanagerApi, InboxApi, PrometheusApi
from burnrate.drill.drill_plan import Plan, make_plan
from burnrate.drill.drill_target import find_target
from burnrate.drill.errors import Refused
from burnrate.drill.observation import Step
from burnrate.drill.running_stack import RunningStack
from burnrate.http_client import HttpClient
from tests.servers.processes import ROOT

CONFIG = (ROOT / "alerting/alertmanager.yml").read_text()
LOKI = 'up{job="loki"} == 1'
LINES = "sum(loki_distributor_lines_received_total)"
SLO = {"service": "api", "slo": "availability"}
PAGE = {**SLO, "severity": "page"}
JOBS = ("api", "front-door")
TIER = {**PAGE, "tier": "Fast", "long_window": "1h", "short_window": "5m"}


def rule(name: str, **labels: str) -> dict[str, Any]:
    """Return an alert as Prometheus lists it."""
    return {"type": "alerting", "name": name, "query": "x > 1", "labels": labels, "duration": 0}


LOADED = [
    rule("ErrorBudgetBurnHigh", **PAGE),
    rule("ErrorBudgetBurnFast", **{**SLO, "severity": "ticket"}),
    rule("ErrorBudgetBurnFast", **PAGE),
]


def stack(
    samples: Mapping[str, float] | None = None,
    inbox_metrics: str = "",
    rules: Sequence[Mapping[str, Any]] = (),
    firing: Sequence[Mapping[str, str]] = (),
    jobs: Sequence[str] = JOBS,
) -> RunningStack:
    """A stack whose Prometheus knows these samples, by a piece of their query, and no others."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        query = request.url.params.get("query", "")
        values = [value for piece, value in (samples or {}).items() if piece in query]
        data = {
            "/api/v1/query": {
                "resultType": "vector",
                "result": [{"metric": TIER, "value": [0, str(value)]} for value in values],
            },
            "/api/v1/rules": {"groups": [{"interval": 15, "rules": list(rules)}]},
            "/api/v1/targets": {
                "activeTargets": [{"labels": {"job": job}, "scrapeInterval": "5s"} for job in jobs]
            },
        }
        bodies: dict[str, Any] = {
            **{path: {"status": "success", "data": content} for path, content in data.items()},
            "/api/v2/status": {"config": {"original": CONFIG}},
            "/api/v2/alerts": [{"labels": labels} for labels in firing],
        }
        if request.url.path == "/metrics":
            return httpx2.Response(200, text=inbox_metrics)
        return httpx2.Response(200, json=bodies[request.url.path])

    client = HttpClient("a part", "http://127.0.0.1:1", transport=httpx2.MockTransport(answer))
    session = SimpleNamespace(
        containers=SimpleNamespace(checkout=ROOT),
        compose=SimpleNamespace(services={"inbox": SimpleNamespace(environment={})}),
    )
    return RunningStack(
        cast("Any", session),
        cast("Any", None),  # nothing is stopped or started here
        client,
        PrometheusApi(client),
        AlertmanagerApi(client),
        InboxApi(client),
    )


def burning(
    threshold: float,
    *firing: Mapping[str, str],
    jobs: Sequence[str] = JOBS,
    events: float = 90_000,
    history_seconds: float = 86_400,
) -> RunningStack:
    """Return a stack with an hour of good events, 25 a second, and the rules of one SLO."""
    total = "slo:total_events:rate"
    samples = {
        f"{total}1h{{": events,
        f"{total}5m{{": events / 12,
        "slo:history:seconds{": history_seconds,
        "slo:alert_burn_rate:factor{": threshold,
    }
    return stack(samples, rules=LOADED, firing=firing, jobs=jobs)


def plan(name: str, on: RunningStack) -> Plan:
    """Return the plan of a drill at 25 requests a second."""
    drill = DRILLS[name]
    return make_plan(drill, find_target(drill, on), on, 25)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        ({}, "Loki is not part of this stack"),
        ({LOKI: 1, LINES: 0}, "nothing ships logs to Loki"),
    ],
)
def test_log_errors_needs_logs_in_loki(samples: dict[str, float], reason: str) -> None:
    """Loki alone sees nothing."""
    with pytest.raises(Refused, match=reason):
        find_target(DRILLS["log-errors"], stack(samples))


def test_an_alert_of_loki_is_over_when_the_last_line_is_out_of_its_range() -> None:
    """The shipped rule looks back 5 minutes each 30 s, for a minute; a ticket's group has 5."""
    bounds = plan("log-errors", stack({LOKI: 1, LINES: 7})).bounds
    assert bounds[Step.STORED].seconds == 5 + 30 + 60 + 30 + 2
    assert bounds[Step.RESOLVED].seconds == 5 + 300 + 30 + 300 + 2
    assert bounds[Step.RESOLVED].since is Step.FAULT_OFF


@pytest.mark.parametrize("name", ["prometheus-down", "alertmanager-down"])
def test_the_dead_mans_switch_must_be_there_and_must_not_have_gone_off(name: str) -> None:
    """One that is late already would be noticed at once, for something else."""
    with pytest.raises(Refused, match="no dead man's switch"):
        find_target(DRILLS[name], stack())
    with pytest.raises(Refused, match="misses its watchdog already"):
        find_target(DRILLS[name], stack(inbox_metrics="inbox_watchdog_late 1.0\n"))
    found = plan(name, stack(inbox_metrics="inbox_watchdog_late 0.0\n"))
    assert found.bounds[Step.LATE].seconds == 150 + 5 + 2


def test_an_slo_that_prometheus_has_not_loaded_is_not_drilled() -> None:
    """Its specification alone makes no alert."""
    with pytest.raises(Refused, match="no SLO for it: none whose name matches latency"):
        find_target(DRILLS["latency"], stack())


def test_a_page_of_an_slo_is_due_when_its_long_window_is_over_the_threshold() -> None:
    """1,296 of 90,000 must fail, and more since the events are more by then."""
    found = plan("errors", burning(0.0144))
    assert found.rule is not None
    assert (found.rule.name, found.rule.labels) == ("ErrorBudgetBurnFast", PAGE)
    assert found.bad.startswith("sum(front_door_requests_total{")
    # 1.5 s until all workers know of the fault, the burn, a scrape, an evaluation, and 2 s.
    assert found.bounds[Step.OVER].seconds == pytest.approx(1.5 + 52.597 + 5 + 15 + 2, abs=0.001)
    assert found.bounds[Step.FIRST_BAD].seconds == 1.5 + 5 + 2


def test_an_slo_that_is_not_measured_is_not_drilled(monkeypatch: pytest.MonkeyPatch) -> None:
    """An nginx without the module that counts is not asked."""
    monkeypatch.setattr("burnrate.drill.drill_target._DISCOVERY_SECONDS", 0.0)
    on = burning(0.0144, jobs=("api",))
    with pytest.raises(Refused, match="availability is not measured: Prometheus has no job front"):
        find_target(DRILLS["errors"], on)


def test_on_a_young_stack_the_hour_may_become_one_of_the_drill_s_load() -> None:
    """What little was counted until now is scaled to a full window, and so is the load."""
    idle = plan("errors", burning(0.0144, events=36, history_seconds=600))
    full = plan("errors", burning(0.0144))
    assert idle.bounds[Step.OVER] == full.bounds[Step.OVER]
    was_idle = plan("errors", burning(0.0144, events=36))
    assert was_idle.bounds[Step.OVER].seconds < full.bounds[Step.OVER].seconds - 50


def test_a_fault_that_cannot_bring_its_alert_is_refused() -> None:
    """It would be waited for in vain."""
    with pytest.raises(Refused, match="errors: ErrorBudgetBurnFast cannot fire for this fault"):
        plan("errors", burning(1.0))


def test_a_notification_that_failed_is_tried_again_within_a_minute_of_the_inbox_return() -> None:
    """While the inbox is stopped the alert is sent in vain, at the latest a try later."""
    bounds = plan("inbox-down", burning(0.0144)).bounds
    tried = plan("errors", burning(0.0144)).bounds[Step.SENT].seconds
    assert bounds[Step.SENT].seconds == pytest.approx(tried + 60)
    assert (bounds[Step.STORED].seconds, bounds[Step.STORED].since) == (60 + 2, Step.INBOX_BACK)


@pytest.mark.parametrize(
    ("other", "wait_seconds"),
    [
        ({"service": "api", "severity": "page", "alertname": "ServiceDown"}, 60),
        ({"service": "redis", "severity": "page", "alertname": "ServiceDown"}, 10),
        ({"service": "api", "severity": "ticket", "alertname": "CacheDegraded"}, 10),
    ],
)
def test_an_alert_of_a_group_that_is_open_waits_for_its_next_flush(
    other: dict[str, str], wait_seconds: float
) -> None:
    """Of another service's group, or another route's, nothing is known to this one."""
    assert plan("errors", burning(0.0144, other)).wait_seconds == wait_seconds
