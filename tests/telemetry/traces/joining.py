"""A process with a tracer provider of its own; prints what became of requests as JSON.

Run by the tests in processes of their own: a provider is set once in a process.
"""

import json
import logging
import os
import sys
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from starlette.middleware.base import RequestResponseEndpoint

from burnrate.telemetry import current_request, instrument

EXPORTER = InMemorySpanExporter()
PARENT = "00-{:032x}-b7ad6b7169203331-01"
log = logging.getLogger("theirs")


def provide() -> TracerProvider:
    """Set the process's provider, as an application does that had traces before."""
    ratio = float(os.environ.get("RATIO", "1"))
    provider = TracerProvider(
        resource=Resource({"service.name": "theirs"}), sampler=ParentBased(TraceIdRatioBased(ratio))
    )
    provider.add_span_processor(SimpleSpanProcessor(EXPORTER))
    trace.set_tracer_provider(provider)
    return provider


def build() -> FastAPI:
    """Make an application with a mounted one."""
    app, mounted = FastAPI(), FastAPI()

    @app.get("/orders/{order}")
    async def read(order: int) -> dict[str, Any]:
        with trace.get_tracer("theirs").start_as_current_span("inside"):
            return {"order": order, **ids()}

    @app.get("/fail")
    async def fail() -> None:
        raise RuntimeError("broken")

    @mounted.get("/users/{user}")
    async def read_user(user: int) -> dict[str, Any]:
        return {"user": user, **ids()}

    app.mount("/admin", mounted)
    return app


def ids() -> dict[str, Any]:
    request = current_request()
    assert request is not None
    return {"trace_id": request.trace_id, "span_id": request.span_id}


def spans() -> list[dict[str, Any]]:
    return [
        {
            "name": span.name,
            "kind": span.kind.name,
            "trace_id": f"{span.context.trace_id:032x}" if span.context else "",
            "span_id": f"{span.context.span_id:016x}" if span.context else "",
            "parent": f"{span.parent.span_id:016x}" if span.parent else None,
            "service": span.resource.attributes.get("service.name"),
            "attributes": dict(span.attributes or {}),
        }
        for span in EXPORTER.get_finished_spans()
    ]


def add_hook(span: trace.Span, scope: dict[str, Any]) -> None:
    span.set_attribute("hook.path", scope["path"])


def instrument_by_contrib(app: FastAPI) -> None:
    """Let the contrib instrumentation make the server span, with a hook."""
    FastAPIInstrumentor.instrument_app(
        app, server_request_hook=add_hook, exclude_spans=["receive", "send"]
    )


class Vendor(trace.TracerProvider):
    """A provider that is not the SDK's, as logfire's is not."""

    def __init__(self) -> None:
        self._provider = TracerProvider(resource=Resource({"service.name": "theirs"}))
        self._provider.add_span_processor(SimpleSpanProcessor(EXPORTER))

    def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:  # noqa: ANN401 - the API's
        return self._provider.get_tracer(*args, **kwargs)


def serve(how: str) -> tuple[FastAPI, object]:
    """Return the application, instrumented in one of the ways, and the provider."""
    app = build()
    provider: object
    match how:
        case "vendor":
            provider = Vendor()
            trace.set_tracer_provider(provider)
            instrument(app, service="ours")
        case "provider first":
            provider = provide()
            instrument(app, service="ours")
        case "provider later":
            instrument(app, service="ours")
            provider = provide()
        case "contrib first":
            provider = provide()
            instrument_by_contrib(app)
            instrument(app, service="ours")
        case "contrib later":
            provider = provide()
            instrument(app, service="ours")
            instrument_by_contrib(app)
        case _:
            provider = provide()
            options = {"server_request_hook": add_hook}
            instrument(app, service="ours", spans="contrib", span_options=options)
    return app, provider


def main(how: str, *paths: str) -> None:
    """Send a request to each path, and report."""
    app, provider = serve(how)

    @app.middleware("http")
    async def pass_on(request: Request, call_next: RequestResponseEndpoint) -> Response:
        log.info("in a middleware")
        return await call_next(request)

    with TestClient(app, raise_server_exceptions=False) as client:
        for path in paths:
            client.get(path)
            client.get(path, headers={"traceparent": PARENT.format(len(path))})
    report = {"spans": spans(), "is_theirs": trace.get_tracer_provider() is provider}
    print(f"REPORT {json.dumps(report)}")  # noqa: T201 - what the test reads


if __name__ == "__main__":
    main(*sys.argv[1:])
