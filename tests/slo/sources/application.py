"""A small service, instrumented as its first argument says, on the port that is its second."""

import asyncio
import sys

import uvicorn
from fastapi import FastAPI, HTTPException
from starlette.responses import Response

app = FastAPI()


@app.get("/carts/{cart}")
async def cart(cart: int) -> int:
    """Answer at once."""
    return cart


@app.get("/slow")
async def slow() -> str:
    """Take longer than the threshold."""
    await asyncio.sleep(0.6)
    return "late"


@app.get("/unavailable")
async def unavailable() -> Response:
    """Fail by an answer."""
    return Response(status_code=503)


@app.get("/broken")
async def broken() -> None:
    """Fail by an exception."""
    raise RuntimeError("broken")


@app.get("/refused")
async def refused() -> None:
    """Say that there were too many requests."""
    raise HTTPException(429)


@app.get("/health")
async def health() -> str:
    """Answer what no user asks."""
    return "well"


def by_opentelemetry() -> None:
    """Count with the SDK; which conventions, the environment says."""
    from opentelemetry.exporter.prometheus import PrometheusMetricReader  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor  # noqa: PLC0415
    from opentelemetry.metrics import set_meter_provider  # noqa: PLC0415
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from prometheus_client import make_asgi_app  # noqa: PLC0415

    set_meter_provider(MeterProvider([PrometheusMetricReader()]))
    FastAPIInstrumentor.instrument_app(app)
    app.mount("/metrics", make_asgi_app())


def by_instrumentator() -> None:
    """Count with prometheus-fastapi-instrumentator."""
    from prometheus_fastapi_instrumentator import Instrumentator  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

    Instrumentator().instrument(app).expose(app)


def by_starlette_exporter() -> None:
    """Count with starlette_exporter."""
    from starlette_exporter import PrometheusMiddleware, handle_metrics  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

    app.add_middleware(PrometheusMiddleware)
    app.add_route("/metrics", handle_metrics)


def by_burnrate() -> None:
    """Count with this project's own telemetry."""
    from burnrate.telemetry import instrument  # noqa: PLC0415

    instrument(app, service="burnrate")


def uncounted() -> None:
    """Leave counting to a proxy."""


if __name__ == "__main__":
    {
        "otel": by_opentelemetry,
        "otel-legacy": by_opentelemetry,
        "instrumentator": by_instrumentator,
        "starlette_exporter": by_starlette_exporter,
        "burnrate": by_burnrate,
        "uncounted": uncounted,
    }[sys.argv[1]]()
    uvicorn.run(app, port=int(sys.argv[2]), log_level="warning")
