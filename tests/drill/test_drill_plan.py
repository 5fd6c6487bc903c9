"""What a drill waits for on a stack, and which stack it cannot be held on."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import pytest

from burnrate.drill.catalogue import DRILLS
from burnrate.drill.clients.alertmanager_api import Alertmanager
from burnrate.drill.clients.http import Web
from burnrate.drill.clients.inbox_api import Inbox
from burnrate.drill.clients.prometheus_api import Prometheus
from burnrate.drill.drill_plan import make_plan, problem
from burnrate.drill.errors import Refused
from burnrate.drill.observation.timeline import Step
from burnrate.drill.running_stack import RunningStack

CHECKOUT = Path(__file__).resolve().parents[2]
CONFIG = (CHECKOUT / "alerting/alertmanager.yml").read_text()


def stack(samples: dict[str, float] | None = None, inbox_metrics: str = "") -> RunningStack:
    """A stack whose Prometheus knows these samples and no others."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if path == "/api/v1/query":
            value = (samples or {}).get(request.url.params["query"])
            result: list[Any] = []
            if value is not None:
                result = [{"metric": {}, "value": [0, str(value)]}]
            data = {"resultType": "vector", "result": result}
            return httpx2.Response(200, json={"status": "success", "data": data})
        if path == "/api/v2/status":
            return httpx2.Response(200, json={"config": {"original": CONFIG}})
        if path == "/api/v2/alerts":
            return httpx2.Response(200, json=[])
        assert path == "/metrics"
        return httpx2.Response(200, text=inbox_metrics)

    web = Web("a part", "http://127.0.0.1:1", httpx2.MockTransport(answer))
    session = SimpleNamespace(
        containers=SimpleNamespace(checkout=CHECKOUT),
        compose=SimpleNamespace(services={"inbox": SimpleNamespace(environment={})}),
    )
    return RunningStack(
        cast("Any", session), "processes", web, Prometheus(web), Alertmanager(web), Inbox(web)
    )


LOKI = 'up{job="loki"} == 1'
LINES = "sum(loki_distributor_lines_received_total)"


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        ({}, "Loki is not part of this stack"),
        ({LOKI: 1, LINES: 0}, "nothing ships logs to Loki"),
        ({LOKI: 1, LINES: 7}, None),
    ],
)
def test_log_errors_needs_logs_in_loki(samples: dict[str, float], reason: str | None) -> None:
    """Loki alone sees nothing."""
    found = problem(DRILLS["log-errors"], stack(samples))
    assert found is None if reason is None else (found or "").startswith(reason)


def test_an_alert_of_loki_is_over_when_the_last_line_is_out_of_its_range() -> None:
    """The shipped rule looks back 5 minutes each 30 s, for a minute; a ticket's group has 5."""
    bounds = make_plan(DRILLS["log-errors"], stack({LOKI: 1, LINES: 7}), 25).bounds
    assert bounds[Step.STORED].seconds == 5 + 30 + 60 + 30 + 2
    assert bounds[Step.RESOLVED].seconds == 5 + 300 + 30 + 300 + 2
    assert bounds[Step.RESOLVED].since is Step.FAULT_OFF


@pytest.mark.parametrize("name", ["prometheus-down", "alertmanager-down"])
def test_the_dead_mans_switch_must_be_there_and_quiet(name: str) -> None:
    """One that is late already would be told at once, of something else."""
    assert "no dead man's switch" in (problem(DRILLS[name], stack()) or "")
    with pytest.raises(Refused, match="misses its watchdog already"):
        make_plan(DRILLS[name], stack(inbox_metrics="inbox_watchdog_late 1.0\n"), 25)
    plan = make_plan(DRILLS[name], stack(inbox_metrics="inbox_watchdog_late 0.0\n"), 25)
    assert plan.bounds[Step.LATE].seconds == 150 + 5 + 2
