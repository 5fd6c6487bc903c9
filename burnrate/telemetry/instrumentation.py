"""`instrument`: three lines that give a service the whole contract."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from burnrate.telemetry.endpoints import Endpoints
from burnrate.telemetry.failures import failed, guard
from burnrate.telemetry.logs import configure_logging
from burnrate.telemetry.meters import CacheMeter, RateLimitMeter, measured_task
from burnrate.telemetry.metrics import Metrics
from burnrate.telemetry.middleware import RouterLayer, TelemetryMiddleware
from burnrate.telemetry.pools import MeasuredExecutor, PoolMeter
from burnrate.telemetry.runtime import RuntimeSampler
from burnrate.telemetry.settings import TelemetrySettings
from burnrate.telemetry.traces import start_tracing
from burnrate.telemetry.workers import Exposition, keep_files

P = ParamSpec("P")


class Telemetry:
    """What an instrumented application measures with; made by `instrument`.

    Attributes:
        registry: Where the families are registered; an application's own may join them.
        metrics: The families of the contract.
    """

    def __init__(self, registry: CollectorRegistry, service: str, version: str) -> None:
        self.registry = registry
        self.metrics = Metrics(registry)
        self._tracing = None
        with guard("traces"):
            self._tracing = start_tracing(service, version, self.metrics)
        self._sampler = RuntimeSampler(self.metrics)
        self._sampler.add(keep_files)

    def pool(
        self, name: str, *, max_connections: int, idle: Callable[[], int] = lambda: 0
    ) -> PoolMeter:
        """Return the meter of a pool; its state is shown once a second and at each change.

        Args:
            name: The value of the label `pool`: one of a closed set.
            max_connections: The most that this process may hold at once.
            idle: Returns how many connections are open and not held.
        """
        meter = PoolMeter(self.metrics, name, max_connections, idle)
        self._sampler.add(meter.sample)
        return meter

    def executor(
        self, *, max_workers: int, max_pending: int, timeout_seconds: float, name: str = "cpu"
    ) -> MeasuredExecutor:
        """Return a bounded executor of threads, measured like a pool of connections.

        Args:
            max_workers: Threads of this process.
            max_pending: How many may wait for a thread; one more gets `PoolFull` at once.
            timeout_seconds: How long one waits for a thread before it gets `PoolTimeout`.
            name: The value of the label `pool`.
        """
        return MeasuredExecutor(
            lambda idle: self.pool(name, max_connections=max_workers, idle=idle),
            max_workers=max_workers,
            max_pending=max_pending,
            timeout_seconds=timeout_seconds,
        )

    def cache(self, name: str) -> CacheMeter:
        """Return the counter of a cache's look-ups; `name` becomes the label `cache`."""
        return CacheMeter(self.metrics, name)

    def rate_limit(self, name: str) -> RateLimitMeter:
        """Return the counter of a limit's decisions; `name` becomes the label `limit`."""
        return RateLimitMeter(self.metrics, name)

    def background(
        self, task: str, function: Callable[P, Awaitable[None] | None]
    ) -> Callable[P, Coroutine[None, None, None]]:
        """Return `function` as a background task that is counted and timed and never raises.

        Args:
            task: The value of the label `task`: one of a closed set.
            function: Plain or `async`; what it raises is logged.
        """
        return measured_task(self.metrics, task, function)

    def wrap(self, app: Starlette, settings: TelemetrySettings) -> None:
        """Put the telemetry around the whole stack; `instrument` does this.

        `add_middleware` would put it inside the layer that turns exceptions into 500s.

        Args:
            app: Has not started yet.
            settings: Which requests get a log line.
        """
        _silence_fastapi(app)
        build = app.build_middleware_stack
        endpoints = Endpoints(app)

        def build_middleware_stack() -> ASGIApp:
            inner = _with_router_layer(app, build)
            return TelemetryMiddleware(
                inner, endpoints, self.metrics, settings, self._tracing, lifecycle=self
            )

        app.build_middleware_stack = build_middleware_stack  # type: ignore[method-assign]

    def start(self) -> None:
        """Begin to sample the process; the application's start does this."""
        self._sampler.start()

    async def stop(self) -> None:
        """Take the last sample and send what spans are left; the application's end does this."""
        with guard("stop"):
            await self._sampler.stop()
        if self._tracing is not None:
            with guard("stop"):
                await run_in_threadpool(self._tracing.shutdown)


def instrument(
    app: Starlette,
    *,
    service: str,
    version: str = "unknown",
    registry: CollectorRegistry | None = None,
    settings: TelemetrySettings | None = None,
) -> Telemetry:
    """Measure, log and trace everything `app` serves, and add `GET /metrics` to it.

    Call it once, before the application starts; routes and middleware may still follow. Logging
    of the whole process becomes JSON on stdout; traces go to the `OTEL_*` endpoint, if one is set.

    Args:
        app: A FastAPI or Starlette application.
        service: The name in `service_info`, in log lines and in traces.
        version: The application's version.
        registry: Where to register the families; by default a new one, which is shown together
            with prometheus_client's global registry.
        settings: By default read from `TELEMETRY_*`.

    Raises:
        RuntimeError: the application has started, or is instrumented already.
        pydantic.ValidationError: a `TELEMETRY_*` variable is out of its range.
    """
    if app.middleware_stack is not None or hasattr(app.state, "telemetry"):
        raise RuntimeError("instrument() comes once, before the application starts")
    settings = settings or TelemetrySettings()
    with guard("logs"):
        configure_logging(service, settings.log_level, settings.log_field_characters)
    telemetry = Telemetry(registry or CollectorRegistry(), service, version)
    telemetry.metrics.service_info.labels(service, version, settings.revision).set(1)
    app.state.telemetry = telemetry
    _add_metrics_route(
        app, Exposition(telemetry.registry, has_application_metrics=registry is None)
    )
    telemetry.wrap(app, settings)
    return telemetry


def _add_metrics_route(app: Starlette, exposition: Exposition) -> None:
    async def metrics(request: Request) -> Response:
        accept = request.headers.get("accept", "")
        accept_encoding = request.headers.get("accept-encoding", "")
        try:
            body, headers = await run_in_threadpool(exposition.render, accept, accept_encoding)
        except Exception as error:  # noqa: BLE001 - a hole in the series, and no failure of the service
            failed("scrape", error)
            return PlainTextResponse("The metrics cannot be read now.\n", status_code=503)
        return Response(body, headers=headers)

    app.add_route("/metrics", metrics, methods=["GET"], include_in_schema=False)


def _with_router_layer(app: Starlette, build: Callable[[], ASGIApp]) -> ASGIApp:
    """Build the stack with a layer of ours behind the application's own middlewares, if any."""
    own = app.user_middleware
    if own:
        app.user_middleware = [*own, Middleware(RouterLayer)]
    try:
        return build()
    finally:
        app.user_middleware = own


def _silence_fastapi(app: Starlette) -> None:
    """Turn off FastAPI's own spans and metrics (decision 0002): one server span, not two.

    From 0.16x on it makes them as soon as a global tracer provider is set.
    """
    native: Any = getattr(app, "_telemetry", None)
    if isinstance(native, dict):
        native.update(tracing=False, metrics=False, logs=False)
