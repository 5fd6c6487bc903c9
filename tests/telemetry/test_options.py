"""What `instrument` may be told: each option does what it says, and nothing else."""

import logging

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from fastapi.testclient import TestClient
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, values
from starlette.routing import Mount

from burnrate.telemetry import Options, TelemetrySettings, instrument
from burnrate.telemetry.endpoints import Endpoints
from burnrate.telemetry.failures import failures, log_lines
from burnrate.telemetry.metrics import Metrics
from burnrate.telemetry.middleware import TelemetryMiddleware
from burnrate.telemetry.server import log_config
from burnrate.telemetry.traces.tracing import Tracing
from burnrate.telemetry.workers import multiprocess
from tests.support.samples import Samples, read_samples
from tests.telemetry.lines import Lines
from tests.telemetry.traces.test_spans import Silent

PROBED = ("/health/ready", "/healthz", "/livez")


@pytest.fixture
def shop() -> FastAPI:
    """Return an application with orders and probes; `?fail` lets either fail."""
    app = FastAPI()

    def answer(response: Response, fail: bool = False) -> None:
        response.status_code = 503 if fail else 200

    for path in ("/orders/{order}", "/internal/jobs", *PROBED):
        app.add_api_route(path, answer)
    return app


@pytest.fixture(autouse=True)
def _nothing_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even on a busy machine."""
    monkeypatch.setenv("TELEMETRY_SLOW_REQUEST_SECONDS", "600")


def served(app: FastAPI, *paths: str, **options: object) -> Samples:
    """Instrument the application, ask for the paths, and return what a scrape says then."""
    asked: Options = options  # type: ignore[assignment] # each test names its own
    registry = CollectorRegistry()
    instrument(app, service="shop", registry=registry, **asked)
    with TestClient(app, raise_server_exceptions=False) as client:
        for path in paths:
            client.get(path)
        return read_samples(client.get("/metrics").text)


def counts(samples: Samples) -> dict[tuple[str, str], float]:
    """Return what was counted, by endpoint and status."""
    return {
        (dict(labels)["endpoint"], dict(labels)["status"]): value
        for (name, labels), value in samples.items()
        if name == "http_requests_total" and value
    }


def paths_of(lines: Lines) -> list[str]:
    return [line["path"] for line in lines.of("burnrate.request")]


def test_probes_and_scrapes_are_counted_and_have_a_line_only_if_they_fail(
    shop: FastAPI, lines: Lines
) -> None:
    """They are most of what an idle service would log; a failing one is what somebody looks for."""
    found = served(shop, "/orders/1", *PROBED, "/metrics", "/healthz?fail=1", "/ping")
    assert paths_of(lines) == ["/orders/1", "/healthz", "/ping"]
    assert [line["status_code"] for line in lines.of("burnrate.request")] == [200, 503, 404]
    expected = {(path, "200"): 1 for path in (*PROBED, "/metrics", "/orders/{order}")}
    assert counts(found) == {**expected, ("/healthz", "503"): 1, ("unmatched", "404"): 1}


def test_paths_of_ones_own_are_left_out_of_lines(shop: FastAPI, lines: Lines) -> None:
    """They take the place of the probes; a failing or slow request is logged all the same."""
    served(shop, "/internal/jobs", "/internal/jobs?fail=1", "/livez", unlogged_paths="/internal/*")
    assert [line["status_code"] for line in lines.of("burnrate.request")] == [503, 200]


def test_uncounted_paths_are_in_no_metric_and_still_have_lines(shop: FastAPI, lines: Lines) -> None:
    """Neither in counts, durations, sizes nor series made beforehand."""
    options = {"uncounted_paths": ["/internal/*"], "body_sizes": True}
    found = served(shop, "/internal/jobs", "/orders/1", "/internal/jobs?fail=1", **options)
    assert paths_of(lines) == ["/internal/jobs", "/orders/1", "/internal/jobs"]
    assert not [key for key in found if dict(key[1]).get("endpoint") == "/internal/jobs"]
    assert counts(found) == {("/orders/{order}", "200"): 1}
    assert found["http_requests_in_progress", frozenset()] == 0


@pytest.mark.parametrize("uncounted", [[], ["/metrics"]])
def test_a_scrape_is_no_request_in_progress(shop: FastAPI, uncounted: list[str]) -> None:
    """Otherwise each scrape would find one: itself."""
    found = served(shop, "/metrics", "/orders/1", uncounted_paths=uncounted)
    assert found["http_requests_in_progress", frozenset()] == 0


def test_buckets_are_those_that_are_given(shop: FastAPI) -> None:
    """An SLO's threshold must be one of them."""
    found = served(shop, "/orders/1", duration_buckets=[0.2, 2.0])
    bounds = {
        dict(labels)["le"]
        for name, labels in found
        if name == "http_request_duration_seconds_bucket"
    }
    assert bounds == {"0.2", "2.0", "+Inf"}


def test_statuses_can_be_counted_by_class(shop: FastAPI) -> None:
    """Also those of the series that are there beforehand."""
    found = served(shop, "/orders/1", "/orders/2", "/orders/3?fail=1", status_label="class")
    assert counts(found) == {("/orders/{order}", "2xx"): 2, ("/orders/{order}", "5xx"): 1}
    labels = {dict(labels)["status"] for name, labels in found if name == "http_requests_total"}
    assert labels <= {"2xx", "5xx"}


def test_sizes_are_those_of_both_bodies(shop: FastAPI, tmp_path: object) -> None:
    """Of what the application has read, of an answer in pieces, and of a file."""
    file = str(tmp_path) + "/file"
    with open(file, "wb") as sink:  # noqa: PTH123 - FileResponse takes the text
        sink.write(b"f" * 300_000)

    async def read(request: Request) -> Response:
        return Response(await request.body() * 2)

    shop.add_api_route("/twice", read, methods=["POST"])
    shop.add_api_route("/file", lambda: FileResponse(file))
    shop.router.routes.append(Mount("/inner", FastAPI()))
    instrument(shop, service="shop", registry=(registry := CollectorRegistry()), body_sizes=True)
    with TestClient(shop) as client:
        client.post("/twice", content=b"x" * 700)
        client.get("/file")

    def sum_of(body: str, method: str, endpoint: str) -> float | None:
        labels = {"method": method, "endpoint": endpoint}
        return registry.get_sample_value(f"http_{body}_size_bytes_sum", labels)

    assert sum_of("request", "POST", "/twice") == 700
    assert sum_of("response", "POST", "/twice") == 1_400
    assert sum_of("response", "GET", "/file") == 300_000


def test_sizes_are_not_measured_unless_asked_for(shop: FastAPI) -> None:
    """They are two histograms of each route."""
    assert not [name for name, _ in served(shop, "/orders/1") if "size_bytes" in name]


def test_logs_are_left_to_the_application(shop: FastAPI) -> None:
    """No handler, level or hook changes; requests are records that its own handlers show."""
    root, captured = logging.getLogger(), Lines()
    root.handlers[:] = [captured.handler]
    root.setLevel(logging.INFO)
    served(shop, "/orders/1", logs=False)
    assert root.handlers == [captured.handler]
    assert paths_of(captured) == ["/orders/1"]


@pytest.mark.usefixtures("lines")
def test_traces_are_off(shop: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although an endpoint is set; ids are drawn all the same."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    found = served(shop, "/orders/1", traces=False)
    assert not [name for name, _ in found if name.startswith("trace_spans")]


def test_one_variable_turns_all_of_it_off(
    shop: FastAPI, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    """The application is as if nobody had instrumented it; its own meters work, unseen."""
    monkeypatch.setenv("TELEMETRY_ENABLED", "false")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    root, routes = logging.getLogger(), list(shop.routes)
    handlers = list(root.handlers)
    telemetry = instrument(shop, service="shop")
    pool = object()  # of no library that is known: it would be refused
    assert telemetry.measure(pool) is pool
    telemetry.cache("orders").hit()
    telemetry.counter("shop_orders", "Orders.").inc()
    with TestClient(shop) as client:
        answer = client.get("/orders/1")
        assert client.get("/metrics").status_code == 404
    assert "x-request-id" not in answer.headers
    assert (root.handlers, list(shop.routes)) == (handlers, routes)
    assert lines.of("burnrate.request") == []


def test_folder_that_cannot_be_used_keeps_no_application_from_being_left_alone(
    shop: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client library would refuse each metric, those that count unseen too."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "/proc/none")
    monkeypatch.setattr(values, "ValueClass", values.MultiProcessValue())  # type: ignore[no-untyped-call]
    monkeypatch.setattr(multiprocess._Upkeep, "store", None)
    try:
        telemetry = instrument(shop, service="shop", enabled=False)
        telemetry.counter("shop_orders", "Orders.").inc()
    finally:
        for each in (failures, log_lines):
            each.end()  # they belong to the process, and this folder does not


@pytest.mark.parametrize("flag", [None, "01"])
def test_probes_have_no_spans_unless_they_fail(
    shop: FastAPI, lines: Lines, monkeypatch: pytest.MonkeyPatch, flag: str | None
) -> None:
    """Not even where their caller is traced; a failing one gets its span afterwards."""
    assert lines is not None, "captures"
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_on")
    exporter = InMemorySpanExporter()
    tracing = Tracing.to(SimpleSpanProcessor(exporter), Resource({}))
    stack = TelemetryMiddleware(
        shop, Endpoints(shop), Metrics(CollectorRegistry()), TelemetrySettings(), tracing, Silent()
    )
    parent = {"traceparent": f"00-{7:032x}-b7ad6b7169203331-{flag}"} if flag else {}
    client = TestClient(stack, headers=parent)
    for path in ("/healthz", "/orders/1", "/healthz?fail=1"):
        client.get(path)
    names = [span.name for span in exporter.get_finished_spans()]
    assert names == ["GET /orders/{order}", "GET /healthz"]


@pytest.mark.parametrize("variable", ["TELEMETRY_LOGS", "TELEMETRY_ENABLED"])
def test_gunicorn_keeps_its_own_log_where_logging_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """An empty configuration is gunicorn's default."""
    assert log_config("shop")["handlers"]
    monkeypatch.setenv(variable, "false")
    assert log_config("shop") == {}
