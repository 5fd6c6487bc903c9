"""The same small application, bare and instrumented in each of the ways that are compared."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from fastapi import FastAPI
from starlette.types import ASGIApp

PATH: Final = "/items/42"


@dataclass(frozen=True)
class Application:
    """What answers requests, and how to send the spans and lines that are left."""

    asgi: ASGIApp
    flush: Callable[[], object] = lambda: None


def bare() -> FastAPI:
    """Return the application without any telemetry: a small JSON route with a path parameter."""
    app = FastAPI()

    @app.get("/items/{item_id}")
    async def read_item(item_id: int) -> dict[str, int | str]:
        return {"id": item_id, "name": "A thing of some kind", "price": 1250}

    return app


def build(name: str) -> Application:
    """Return the application instrumented in one of the ways.

    Raises:
        KeyError: there is no such way.
        ImportError: a package it needs is not installed.
    """
    return _INSTRUMENTATIONS[name]()


def _bare() -> Application:
    return Application(bare())


def _burnrate() -> Application:
    from opentelemetry import trace  # noqa: PLC0415 - the bare application must not load it

    from burnrate.telemetry import instrument, workers  # noqa: PLC0415 - the same

    if (folder := workers.directory()) is not None:
        workers.activate(folder)
    app = bare()
    instrument(app, service="bench")
    flush_spans = getattr(trace.get_tracer_provider(), "force_flush", lambda: None)

    def flush() -> None:
        flush_spans()
        for handler in logging.getLogger().handlers:
            handler.flush()

    return Application(app, flush)


def _instrumentator() -> Application:
    app = bare()
    peer: Any = import_module("prometheus_fastapi_instrumentator")
    peer.Instrumentator().instrument(app).expose(app)
    return Application(app)


def _starlette_exporter() -> Application:
    app = bare()
    peer: Any = import_module("starlette_exporter")
    app.add_middleware(peer.PrometheusMiddleware)
    app.add_route("/metrics", peer.handle_metrics)
    return Application(app)


def _contrib_otel() -> Application:
    from bench.telemetry import peer_instrumentation  # noqa: PLC0415 - the bare application must not load it

    app = bare()
    return Application(app, peer_instrumentation.add_contrib_spans(app))


def _fastapi_otel() -> Application:
    from bench.telemetry import peer_instrumentation  # noqa: PLC0415 - the bare application must not load it

    return Application(bare(), peer_instrumentation.set_global_provider())


def _empty_middleware() -> Application:
    from bench.telemetry import peer_instrumentation  # noqa: PLC0415 - the bare application must not load it

    app = bare()
    app.add_middleware(peer_instrumentation.EmptyMiddleware)
    return Application(app)


def _json_logger() -> Application:
    from bench.telemetry import peer_instrumentation  # noqa: PLC0415 - the bare application must not load it

    app = bare()
    app.add_middleware(peer_instrumentation.LineWriter)
    return Application(app)


def _stacked() -> Application:
    from bench.telemetry import peer_instrumentation  # noqa: PLC0415 - the bare application must not load it

    app = bare()
    app.add_middleware(peer_instrumentation.CountingMiddleware)
    app.add_middleware(peer_instrumentation.LoggingMiddleware)
    return Application(app, peer_instrumentation.add_contrib_spans(app))


_INSTRUMENTATIONS: Final[dict[str, Callable[[], Application]]] = {
    "bare": _bare,
    "burnrate": _burnrate,
    "instrumentator": _instrumentator,
    "starlette-exporter": _starlette_exporter,
    "contrib-otel": _contrib_otel,
    "fastapi-otel": _fastapi_otel,
    "empty-middleware": _empty_middleware,
    "json-logger": _json_logger,
    "stacked": _stacked,
}
