"""What decision 12 lists: undocumented names of others, and what happens where one is missing."""

import ast
import importlib
import tomllib
from collections.abc import Iterator
from contextvars import ContextVar
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from opentelemetry import context as otel_context
from opentelemetry.context import Context
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.openmetrics.exposition import generate_latest
from starlette.routing import Router
from uvicorn.config import Config
from uvicorn.server import Server, ServerState

from burnrate.telemetry.context import RequestInfo
from burnrate.telemetry.endpoints import Endpoints
from burnrate.telemetry.metrics import Metrics
from burnrate.telemetry.pools.series import PoolSeries
from burnrate.telemetry.recorder import HttpRecorder
from burnrate.telemetry.server import worker
from burnrate.telemetry.traces import attaching, clients

ROOT = Path(__file__).parents[2]


def names_defined_in(module: ast.AST) -> Iterator[str]:
    """Yield what a module defines or assigns to, attributes too."""
    for node in ast.walk(module):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case _:
                pass


def foreign_names(path: Path) -> Iterator[str]:
    """Yield the attributes with an underscore that a module uses and nothing beside it defines."""
    own = {
        name
        for module in path.parent.glob("*.py")
        for name in names_defined_in(ast.parse(module.read_text()))
    }
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Attribute(attr=name) if is_private(name) and name not in own:
                yield name
            case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(str(name)), *_]) if (
                is_private(name)
            ):
                yield name


def is_private(name: str) -> bool:
    """Leave out Python's own, named tuples' and what this project puts on others' objects."""
    return name.startswith("_") and not name.startswith(("__", "_asdict", "_replace", "_burnrate"))


def test_every_private_name_of_others_is_in_the_table() -> None:
    """A new one needs a row there, a test that fails when it changes, and a way without it."""
    (decision,) = (ROOT / "docs/decisions").glob("*-private-names-of-third-parties.md")
    table = [line for line in decision.read_text().splitlines() if line.startswith("|")]
    rooms = ("burnrate", "api", "alerting")
    modules = [path for room in rooms for path in (ROOT / room).rglob("*.py")]
    used = {(path, name) for path in modules for name in foreign_names(path)}
    assert {name for _, name in used} >= {"_value", "_buckets", "_root", "_telemetry"}
    missing = {(path, name) for path, name in used if not any(f"{name}`" in row for row in table)}
    assert not missing


def test_prometheus_client_s_metrics_have_their_values_at_hand() -> None:
    """The recorder adds to them past the checks of the public calls."""
    registry = CollectorRegistry()
    counter = Counter("a", "A.", registry=registry)
    gauge = Gauge("b", "B.", registry=registry)
    histogram = Histogram("c", "C.", registry=registry, buckets=(1.0, 2.0))
    counter._value.inc(2.0)
    gauge._value.inc(-3.0)
    histogram._sum.inc(1.5)
    histogram._buckets[list(histogram._upper_bounds).index(2.0)].inc(1.0)
    assert registry.get_sample_value("a_total") == 2
    assert registry.get_sample_value("b") == -3
    assert registry.get_sample_value("c_sum") == 1.5
    assert registry.get_sample_value("c_bucket", {"le": "1.0"}) == 0
    assert registry.get_sample_value("c_bucket", {"le": "2.0"}) == 1


class PublicOnly:
    """A metric of a release that has renamed everything private."""

    def __init__(self, metric: Any) -> None:  # noqa: ANN401 - any of the client's
        for name in ("inc", "dec", "set", "observe"):
            if hasattr(metric, name):
                setattr(self, name, getattr(metric, name))
        self._of = metric.labels

    def labels(self, *values: str) -> "PublicOnly":
        """Return a series that hides as much."""
        return PublicOnly(self._of(*values))


def recorded(*, is_public_only: bool) -> str:
    """Return what stands in an exposition after some requests, time stamps left out."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    if is_public_only:
        for name in ("http_requests", "http_request_duration", "http_requests_in_progress"):
            setattr(metrics, name, PublicOnly(getattr(metrics, name)))
    recorder = HttpRecorder(metrics, Endpoints(Router()))
    for number, seconds in enumerate((0.0, 0.005, 0.3, 10.0, 11.0)):
        request = RequestInfo("me", f"{number:032x}", "b7ad6b7169203331", number % 2 == 0)
        recorder.enter(1.0)
        recorder.record("GET", "/x", 200, seconds, request)
    recorder.enter(1.0)
    lines = generate_latest(registry).decode().splitlines()  # type: ignore[no-untyped-call]
    return "\n".join(line.rpartition(" ")[0] if "# {" in line else line for line in lines)


def test_requests_are_recorded_without_private_names_too() -> None:
    """The same counts, durations and exemplars, by public calls."""
    public = recorded(is_public_only=True)
    assert "trace_id" in public
    assert 'http_requests_total{endpoint="/x",method="GET",status="200"} 5.0' in public
    assert "http_requests_in_progress 1.0" in public
    assert public == recorded(is_public_only=False)


def measured_pool(*, is_public_only: bool) -> str:
    """Return what stands in an exposition after some uses of a pool."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    if is_public_only:
        for name in (each for each in vars(metrics) if each.startswith("pool_")):
            setattr(metrics, name, PublicOnly(getattr(metrics, name)))
    series = PoolSeries(metrics, "shop")
    series.show_pending(3)
    series.show_connections(2, 1)
    for seconds in (0.0, 0.05, 0.051, 100.0):
        series.count_wait("timeout", seconds)
        series.count_use(2 * seconds)
    return generate_latest(registry).decode()  # type: ignore[no-untyped-call, no-any-return]


def test_pools_are_measured_without_private_names_too() -> None:
    """The same counts, durations and states, by public calls."""
    public = measured_pool(is_public_only=True)
    assert 'pool_acquire_total{outcome="timeout",pool="shop"} 4.0' in public
    assert 'pool_wait_seconds_bucket{le="0.05",pool="shop"} 2.0' in public
    assert 'pool_connections{pool="shop",state="used"} 2.0' in public
    assert public == measured_pool(is_public_only=False)


def test_newest_prometheus_client_that_is_allowed_is_the_one_that_is_tested() -> None:
    """Its metric files and the class that writes them have no public door, hence a bound."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (wanted,) = [each for each in project["dependencies"] if each.startswith("prometheus-client")]
    major, minor = map(int, version("prometheus-client").split(".")[:2])
    assert wanted.endswith(f",<{major}.{minor + 1}")


@pytest.mark.parametrize("name", ["h11_impl", "httptools_impl"])
def test_uvicorn_s_requests_know_that_their_client_has_left(name: str) -> None:
    """Else a client that left is a 200 where the handler does not read."""
    protocol = importlib.import_module(f"uvicorn.protocols.http.{name}")
    cycle = protocol.RequestResponseCycle
    assert "disconnected" in cycle.__init__.__code__.co_names
    assert "disconnected" in cycle.receive.__code__.co_names


def test_uvicorn_s_server_can_be_drained() -> None:
    """Else a worker that leaves closes connections into which a proxy is just writing."""
    assert all(hasattr(ServerState(), name) for name in worker._DRAINED)
    assert "servers" in Server.startup.__code__.co_names
    server = worker._Server(Config("shop:app"), lambda _: None)
    assert not server._can_drain(), "it has not started"
    server.servers = []
    assert server._can_drain()
    server.server_state = object()  # type: ignore[assignment] # of another release
    assert not server._can_drain()


def test_fastapi_s_own_telemetry_can_be_turned_off() -> None:
    """Else a request has two server spans."""
    native: Any = getattr(FastAPI(), "_telemetry", None)
    assert native.keys() >= {"tracing", "metrics", "logs"}


def test_contexts_are_attached_without_opentelemetry_s_four_functions() -> None:
    """They come to one variable, which each request sets."""
    assert isinstance(attaching._variable, ContextVar)
    before, own = otel_context.get_current(), Context({"own": 1})
    token = attaching.attach(own)
    assert otel_context.get_current() is own
    attaching.detach(token)
    assert otel_context.get_current() is before


@pytest.mark.parametrize("library", ["asyncpg", "redis"])
def test_clients_spans_are_asked_for_by_a_name_that_can_be_replaced(library: str) -> None:
    """Else each call of a request that is not sampled costs 10 µs for nothing."""
    (module,) = [module for name, module, _ in clients._CLIENTS if name == library]
    assert callable(importlib.import_module(module).is_instrumentation_enabled)
