"""The standard variables work, or one line says that they do not."""

import importlib
import re

import pytest
from opentelemetry import context, propagate
from starlette.types import Scope

from burnrate.telemetry.traces import Identities
from burnrate.telemetry.traces.variables import excluded_urls, read_variables
from tests.telemetry.traces.test_sampling import tracing

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture(autouse=True)
def endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for traces."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")


def scope(path: str = "/x", **headers: str) -> Scope:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http", "method": "GET", "path": path, "scheme": "http", "headers": raw,
        "server": ("shop.example", 80),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "is_wanted", "said"),
    [
        ("OTEL_TRACES_EXPORTER", "otlp", True, None),
        ("OTEL_TRACES_EXPORTER", "none", False, None),
        ("OTEL_TRACES_EXPORTER", "zipkin", False, "OTEL_TRACES_EXPORTER=zipkin"),
        ("OTEL_TRACES_EXPORTER", "console", False, "OTEL_TRACES_EXPORTER=console"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", True, None),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", False, "http/json"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc", False, "exporter-otlp-proto-grpc"),
        ("OTEL_SDK_DISABLED", "true", False, None),
        ("OTEL_PYTHON_FASTAPI_EXCLUDED_URLS", "*", False, "EXCLUDED_URLS"),
        ("OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST", "x-tenant", True, "contrib"),
    ],
)  # fmt: skip
def test_variable_is_followed_or_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, is_wanted: bool, said: str | None
) -> None:
    """What cannot be followed sends nothing rather than something else."""
    monkeypatch.setenv(name, value)
    found = read_variables(is_contrib=False)
    assert found.is_wanted is is_wanted
    assert len(found.refusals) == (said is not None)
    assert said is None or said in found.refusals[0]


def test_other_propagators_are_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """`OTEL_PROPAGATORS` chooses the headers; here one that OpenTelemetry's API has not."""

    class Ours:
        fields = frozenset(("X-Trace",))

        def extract(self, carrier: dict[str, str], context: object = None) -> object:
            traceparent = {"traceparent": f"00-{carrier['x-trace']}-b7ad6b7169203331-01"}
            standard = importlib.import_module("opentelemetry.trace.propagation.tracecontext")
            return standard.TraceContextTextMapPropagator().extract(traceparent, context)

    monkeypatch.setattr(propagate, "get_global_textmap", Ours)
    monkeypatch.setattr(propagate, "extract", Ours().extract)
    request, parent = Identities(None).of(scope(x_trace=TRACE_ID))
    assert request.trace_id == TRACE_ID
    assert parent is not None


@pytest.mark.parametrize("name", ["OTEL_PYTHON_FASTAPI_EXCLUDED_URLS", "OTEL_PYTHON_EXCLUDED_URLS"])
def test_excluded_urls_are_not_traced(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Their requests have ids in their lines, and no span, not even when they fail."""
    monkeypatch.setenv(name, "health, shop.example/x$")
    identities = Identities(tracing()[0])
    for path, is_traced in (("/health/live", False), ("/x", False), ("/x/y", True)):
        request, _ = identities.of(scope(path))
        assert (request.is_sampled or request.waits is not None) is is_traced
        assert len(request.trace_id) == 32


def test_nothing_is_excluded_unless_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern that is none is refused where it is read."""
    assert excluded_urls() is None
    monkeypatch.setenv("OTEL_PYTHON_EXCLUDED_URLS", "(")
    with pytest.raises(re.error):
        excluded_urls()


@pytest.mark.parametrize(("arg", "is_sampled"), [("0", False), ("1", True)])
@pytest.mark.parametrize("flag", ["00", "01"])
def test_stranger_s_decision_counts_only_where_it_is_trusted(
    monkeypatch: pytest.MonkeyPatch, arg: str, is_sampled: bool, flag: str
) -> None:
    """Its ids go on in both cases, so the lines of all services are found."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", arg)
    made, exporter = tracing()
    header = f"00-{TRACE_ID}-b7ad6b7169203331-{flag}"
    trusting, wary = Identities(made), Identities(made, is_caller_trusted=False)
    asked = scope(traceparent=header, baggage="a=b")
    assert trusting.of(asked)[0].is_sampled is (flag == "01")
    request, parent = wary.of(asked)
    assert request.trace_id == TRACE_ID
    assert request.is_sampled is is_sampled
    if is_sampled:
        span, token = made.enter(asked, request, parent)
        context.detach(token)
        assert span is not None
        span.finish("/x", 200, None)
        (finished,) = exporter.get_finished_spans()
        assert finished.parent is not None
        assert f"{finished.parent.span_id:016x}" == "b7ad6b7169203331"


def test_patterns_that_are_none_trace_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a provider of somebody else's, too; the application starts all the same."""
    monkeypatch.setenv("OTEL_PYTHON_FASTAPI_EXCLUDED_URLS", "*")
    request, _ = Identities(tracing()[0]).of(scope())
    assert not request.is_sampled
