"""A real Prometheus with a history: two SLOs of one service, four routes, an outage that ended."""

import contextlib
import math
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from burnrate.stack import free_port
from tests.servers.processes import HOST, ServerProcess

# So that what is asked for now is there, however late a test asks.
_AHEAD_SECONDS = 3600
_STEP_SECONDS = 60
_OBJECTIVES = {"availability": 0.999, "latency": 0.99}
_TIERS = (
    ("Fast", "page", 14.4, "1h", "5m"),
    ("High", "page", 6.0, "6h", "30m"),
    ("Medium", "ticket", 3.0, "1d", "2h"),
    ("Slow", "ticket", 1.0, "3d", "6h"),
)
_BUCKETS = ((0.05, 0.5), (0.1, 0.8), (0.25, 0.95), (1.0, 0.999), (math.inf, 1.0))
_Value = Callable[[float], float]


def _constant(value: float) -> _Value:
    return lambda _: value


def _bad_events(budget: float) -> _Value:
    return lambda age: 12 * budget * _burn(age)


def _counter(rate: float) -> _Value:
    return lambda age: rate * (10 * 86_400 - age)


def _burn(age: float) -> float:
    """Twenty times the sustainable rate from 50 to 30 minutes ago, and a little of it now."""
    return 20.0 if 1800 <= age <= 3000 else 0.3


def _recorded(service: str) -> Iterator[tuple[str, dict[str, str], _Value]]:
    for slo, objective in _OBJECTIVES.items():
        labels = {"service": service, "slo": slo}
        budget = 1 - objective
        for name, value in (
            ("slo:objective:ratio", objective),
            ("slo:error_budget:ratio", budget),
            ("slo:error_budget_low:ratio", 0.25),
            ("slo:time_period:days", 30.0),
            ("slo:sli_series:count", 8.0),
            ("slo:total_events:rate5m", 12.0),
        ):
            yield name, labels, _constant(value)
        yield "slo:history:seconds", labels, lambda age: max(0.0, 7200 - age)
        yield "slo:current_burn_rate:ratio", labels, _burn
        yield "slo:bad_events:rate5m", labels, _bad_events(budget)
        yield "slo:period_error_budget_remaining:ratio", labels, _budget_left
        for tier, severity, factor, long, short in _TIERS:
            of_tier = labels | {"tier": tier, "severity": severity}
            windows = {"long_window": long, "short_window": short}
            yield "slo:alert_burn_rate:factor", of_tier | windows, _constant(factor)
            yield "slo:alert_failures:minimum", of_tier, _constant(3.0)
        for window, burn in {"5m": 0.3, "30m": 0.3, "1h": 16.0, "6h": 3.0, "2h": 7.0}.items():
            yield f"slo:sli_error:ratio_rate{window}", labels, _constant(burn * budget)
    latency = {"service": service, "slo": "latency"}
    yield "slo:latency_threshold:seconds", latency, _constant(0.25)


def _budget_left(age: float) -> float:
    return 0.62 + 0.3 * max(0.0, min(1.0, (age - 1800) / 1200))


def _counted(service: str) -> Iterator[tuple[str, dict[str, str], _Value]]:
    routes = (("GET", "/users/{id}", 8.0), ("POST", "/users", 2.0), ("GET", "/posts", 1.5))
    for method, endpoint, rate in routes:
        labels = {"job": service, "service": service, "method": method, "endpoint": endpoint}
        failed = 0.2 if method == "POST" else 0.0
        for status, part in (("200", rate - failed), ("500", failed)):
            if part:
                yield "http_requests_total", labels | {"status": status}, _counter(part)
        for bound, share in _BUCKETS:
            le = "+Inf" if math.isinf(bound) else f"{bound:g}"
            name = "http_request_duration_seconds_bucket"
            yield name, labels | {"status_class": "2xx", "le": le}, _counter(rate * share)


def write_history(file: Path, hours: float, service: str = "api") -> None:
    """Write it as OpenMetrics, of so many hours and a little of the future."""
    now = int(time.time())
    ages = range(int(hours * 3600), -_AHEAD_SECONDS, -_STEP_SECONDS)
    with file.open("w", encoding="utf-8") as text:
        for name, labels, value in (*_recorded(service), *_counted(service)):
            named = ",".join(f'{key}="{each}"' for key, each in labels.items())
            for age in ages:
                text.write(f"{name}{{{named}}} {value(float(age))} {now - age}\n")
        text.write("# EOF\n")


@contextlib.contextmanager
def running_prometheus(folder: Path, *, hours: float = 2, service: str = "api") -> Iterator[str]:
    """Run a Prometheus that has a history and scrapes nothing; yields its address."""
    file, data = folder / "history", folder / "data"
    write_history(file, hours, service)
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(file), str(data)],
        check=True,
        capture_output=True,
    )
    (folder / "prometheus.yml").write_text("{}\n")
    port = free_port()
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={data}",
        f"--web.listen-address={HOST}:{port}",
    ]
    with ServerProcess(command, folder / "prometheus.log", port=port).running():
        yield f"http://{HOST}:{port}"
