"""How services are commonly instrumented, written as their documentation shows it."""

import logging
import sys
import time
from collections.abc import Callable
from typing import Final

from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import Counter, Histogram
from pythonjsonlogger.json import JsonFormatter
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_REQUESTS: Final = Counter(
    "bench_requests", "Requests.", ("method", "endpoint", "status"), registry=None
)
_SECONDS: Final = Histogram(
    "bench_request_seconds", "Seconds a request took.", ("method", "endpoint"), registry=None
)


def _provider() -> TracerProvider:
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def add_contrib_spans(app: FastAPI) -> Callable[[], object]:
    """Instrument as `FastAPIInstrumentor` does by itself; return what sends its spans.

    The provider is passed and not made global: FastAPI's own telemetry stays off.
    """
    provider = _provider()
    FastAPIInstrumentor.instrument_app(app, tracer_provider=provider)
    return provider.force_flush


def set_global_provider() -> Callable[[], object]:
    """Turn on FastAPI's own spans, as any global provider does; return what sends them."""
    provider = _provider()
    trace.set_tracer_provider(provider)
    return provider.force_flush


def _json_log() -> logging.Logger:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    log = logging.getLogger("bench")
    log.handlers = [handler]
    log.propagate = False
    log.setLevel(logging.INFO)
    return log


class EmptyMiddleware(BaseHTTPMiddleware):
    """Does nothing, in Starlette's convenient way."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Pass the request on."""
        return await call_next(request)


class CountingMiddleware(BaseHTTPMiddleware):
    """Counts and times requests with prometheus_client."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Pass the request on and count it."""
        began = time.time()
        response = await call_next(request)
        path = request.url.path
        _REQUESTS.labels(
            method=request.method, endpoint=path, status=str(response.status_code)
        ).inc()
        _SECONDS.labels(method=request.method, endpoint=path).observe(time.time() - began)
        return response


class LoggingMiddleware(BaseHTTPMiddleware):
    """Logs one JSON line a request with python-json-logger."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app)
        self._log = _json_log()

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Pass the request on and log it."""
        began = time.time()
        response = await call_next(request)
        self._log.info(
            "Request completed",
            extra={
                "method": request.method,
                "path": request.url.path,
                "status_code": response.status_code,
                "process_time": time.time() - began,
            },
        )
        return response


class LineWriter:
    """The same line from pure ASGI middleware: what the logger alone costs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = _json_log()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and log it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note_status)
        finally:
            self._log.info(
                "Request completed",
                extra={
                    "method": scope["method"],
                    "path": scope["path"],
                    "status_code": status,
                    "process_time": time.perf_counter() - began,
                },
            )
