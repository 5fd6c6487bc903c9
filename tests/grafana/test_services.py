"""The home page's queries, asked of promtool: which rows each team has."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.grafana.panels import all_queries, fill

pytestmark = pytest.mark.integration  # promtool is a system package
_FIRING = 'alertstate="firing"'
# Whose label is missing, of the chosen team, and of another one; the stack's own part has none.
_SERIES = {
    'slo:objective:ratio{service="api", slo="latency"}': 0.99,
    'slo:objective:ratio{service="shop", slo="availability", team="checkout"}': 0.99,
    'slo:objective:ratio{service="shop", slo="latency", team="checkout"}': 0.99,
    'slo:objective:ratio{service="find", slo="latency", team="search"}': 0.9,
    'slo:objective:ratio{service="fast", slo="latency"}': 0.99,
    # Its objectives are recorded in a minute or two.
    'slo:current_burn_rate:ratio{service="young", slo="latency"}': 0,
    f'ALERTS{{alertname="A", {_FIRING}, severity="page", service="shop", team="checkout"}}': 1,
    # Of two instances.
    f'ALERTS{{alertname="C", {_FIRING}, severity="ticket", service="find", instance="1"}}': 1,
    f'ALERTS{{alertname="C", {_FIRING}, severity="ticket", service="find", instance="2"}}': 1,
    f'ALERTS{{alertname="B", {_FIRING}, severity="ticket", service="redis"}}': 1,
}
_BURNS = {"api": 1, "shop": 1, "find": 1, "fast": 15}
_PLAIN = (
    "slo:period_error_budget_remaining:ratio",
    "slo:sli_series:count",
    "slo:total_events:rate5m",
    "slo:sli_error:ratio_rate5m",
    "slo:total_events:rate1h",
)


def _query(panel: str, team: str, number: int = 0) -> str:
    (found,) = (
        each.text
        for each in all_queries()
        if (each.dashboard, each.panel, each.number) == ("Services", panel, number)
    )
    return fill(found, {"team": team})


def _case(query: str, *rows: str) -> dict[str, object]:
    values = [dict(zip(("labels", "value"), row.rsplit(" ", 1), strict=True)) for row in rows]
    samples = [{"labels": row["labels"], "value": float(row["value"])} for row in values]
    return {"expr": query, "eval_time": "10m", "exp_samples": samples}


def test_the_home_page_can_be_a_teams(tmp_path: Path) -> None:
    """A row a service in any case, with its team; of a team its own alone, in every column."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    series = _SERIES | {
        f'{name}{{service="{service}", slo="latency"}}': 1 for name in _PLAIN for service in _BURNS
    }
    series |= {
        f'slo:current_burn_rate:ratio{{service="{service}", slo="latency"}}': rate
        for service, rate in _BURNS.items()
    }
    cases = [
        _case(
            _query("Services", ".*"),
            '{service="api"} 0',
            '{service="shop", team="checkout"} 7',
            '{service="find", team="search"} 3',
            '{service="fast"} 4',
            '{service="young"} 2',
        ),
        # Whose the young one is will be known when its objectives are.
        _case(_query("Services", "checkout"), '{service="shop", team="checkout"} 7'),
        *(_case(_query("Services", "checkout", n), '{service="shop"} 1') for n in range(1, 5)),
        # As many as the table of them has rows.
        _case(_query("Services", "search", 6), '{service="find"} 1'),
        _case(_query("Objectives", "search"), '{service="find", slo="latency"} 1'),
        _case(_query("Budget left over time", "search"), '{service="find", slo="latency"} 1'),
        _case(
            _query("Firing alerts", "checkout"),
            '{alertname="A", service="shop", severity="page"} 1',
        ),
        _case(
            _query("Firing alerts", ".*"),
            '{alertname="A", service="shop", severity="page"} 1',
            '{alertname="B", service="redis", severity="ticket"} 1',
            '{alertname="C", service="find", severity="ticket"} 1',
        ),
    ]
    inputs = [{"series": name, "values": f"{value}x20"} for name, value in series.items()]
    test = {"interval": "1m", "input_series": inputs, "promql_expr_test": cases}
    path = tmp_path / "home_test.yml"
    path.write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": [test]}))
    done = subprocess.run(
        ["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
