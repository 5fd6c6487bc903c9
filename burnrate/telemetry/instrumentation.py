"""`instrument`: three lines that give a service the whole contract."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any, ParamSpec, Unpack

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp

from burnrate.telemetry.endpoints import Endpoints
from burnrate.telemetry.failures import failed, guard
from burnrate.telemetry.logs import configure_logging, drain_logs, take_over_servers
from burnrate.telemetry.meters import CacheMeter, OwnMetrics, RateLimitMeter, measured_task
from burnrate.telemetry.metrics import HTTP_SECONDS, Metrics
from burnrate.telemetry.middleware import AdoptingLayer, RouterLayer, TelemetryMiddleware
from burnrate.telemetry.pool_meters import PoolMeters
from burnrate.telemetry.runtime import RuntimeSampler
from burnrate.telemetry.scrape import MetricsPort, MetricsRoute, Names
from burnrate.telemetry.settings import Options, TelemetrySettings, settled
from burnrate.telemetry.traces import (
    check_contrib,
    is_instrumented,
    is_wrapped_by_contrib,
    join_tracing,
    silence_fastapi,
    start_tracing,
    wrap_by_contrib,
)
from burnrate.telemetry.workers import Exposition, join_siblings, keep_files, use_folder

P = ParamSpec("P")
_log = logging.getLogger("burnrate.telemetry")


class Telemetry(OwnMetrics, PoolMeters):
    """What an instrumented application measures with; made by `instrument`.

    Attributes:
        registry: Where the families are registered; an application's own may join them.
        metrics: The families of the contract.
        names: Theirs, to be looked for among those of others.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        service: str,
        version: str,
        settings: TelemetrySettings | None = None,
        span_options: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._span_options = span_options
        self._settings = settings = settings or TelemetrySettings()
        self.metrics = Metrics(
            registry,
            settings.prefix,
            http_seconds=settings.duration_bounds or HTTP_SECONDS,
            has_body_sizes=settings.body_sizes,
        )
        self.names = Names(registry)
        self._checks: list[Callable[[], object]] = [self._check_names]
        self._route: MetricsRoute | None = None
        self._port: MetricsPort | None = None
        self._has_traces = settings.enabled and settings.traces
        self._tracing = None
        if self._has_traces:
            with guard("traces"):
                self._tracing = start_tracing(
                    service, version, self.metrics, is_contrib=settings.spans == "contrib"
                )
        self._sampler = RuntimeSampler(self.metrics)
        self._sampler.add(keep_files)
        OwnMetrics.__init__(self, registry, self._sampler.add)
        PoolMeters.__init__(self, self.metrics, self._sampler.add, is_measuring=settings.enabled)

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
            function: Plain (it runs in the thread pool) or `async`; what it raises is logged.
        """
        return measured_task(self.metrics, task, function)

    def offer(self, app: Starlette, *, has_application_metrics: bool) -> None:
        """Let the metrics be scraped where the settings say; `instrument` does this.

        Args:
            app: Has not started yet.
            has_application_metrics: Show what stands in prometheus_client's global registry too.
        """
        exposition = Exposition(self.registry, has_application_metrics=has_application_metrics)
        settings = self._settings
        if settings.metrics_port is None:
            self._route = route = MetricsRoute(
                app,
                settings.metrics_path,
                exposition,
                in_progress=self.metrics.http_requests_in_progress,
                uncounted=settings.uncounted,
            )
            self._checks.append(lambda: route.check(Endpoints(app)))
            return
        self._port = MetricsPort(
            settings.metrics_host, settings.metrics_port, settings.metrics_path, exposition
        )
        self._sampler.add(self._port.take)

    def wrap(self, app: Starlette) -> None:
        """Put the telemetry around the whole stack; `instrument` does this.

        `add_middleware` would put it inside the layer that turns exceptions into 500s.

        Args:
            app: Has not started yet.
        """
        build = app.build_middleware_stack

        def build_middleware_stack() -> ASGIApp:
            # The application may have made its provider after `instrument`.
            if self._has_traces:
                self._tracing = self._tracing or join_tracing()
            is_foreign = is_instrumented(app)
            has_spans = is_foreign or self._tracing is not None
            is_foreign = silence_fastapi(app, has_spans=has_spans) or is_foreign
            layer = Middleware(AdoptingLayer, has_late_spans=self._tracing is not None)
            stack = _with_layers(app, build, [layer] if is_foreign else [])
            if not is_wrapped_by_contrib(app, build_middleware_stack):
                return self._around(app, stack, is_foreign=is_foreign)
            # It takes the outermost layer off and puts its own in its place.
            if not isinstance(stack, ServerErrorMiddleware):
                return stack
            inner = self._around(app, stack.app, is_foreign=True)
            return ServerErrorMiddleware(inner, stack.handler, stack.debug)

        app.build_middleware_stack = build_middleware_stack  # type: ignore[method-assign]

    def _around(self, app: Starlette, stack: ASGIApp, *, is_foreign: bool) -> ASGIApp:
        sampled = None
        if self._settings.spans == "contrib" and self._tracing is not None and not is_foreign:
            with guard("traces"):
                sampled = wrap_by_contrib(app, stack, self._tracing, self._span_options)
        return TelemetryMiddleware(
            stack, Endpoints(app), self.metrics, self._settings, self._tracing, lifecycle=self,
            sampled_app=sampled, is_foreign=is_foreign,
        )  # fmt: skip

    def start(self) -> None:
        """Begin to sample the process; the application's start does this."""
        if self._settings.logs:
            # `uvicorn.run` and `fastapi run` configure theirs after `instrument`.
            with guard("logs"):
                take_over_servers()
        for check in self._checks:
            with guard("start"):
                check()
        self._sampler.start()

    def note_first(self, method: str, endpoint: str, status: int) -> None:
        """Take note of the first request of its kind: a scrape may have been refused."""
        if self._route is not None and (method, endpoint) == ("GET", self._settings.metrics_path):
            self._route.note(status)

    def _check_names(self) -> None:
        taken = self.names.clashes()
        if taken:
            _log.error("%s", _clash(taken), extra={"metrics": taken})

    async def stop(self) -> None:
        """Take the last sample and send what spans are left; the application's end does this."""
        with guard("stop"):
            await self._sampler.stop()
        if self._port is not None:
            with guard("stop"):
                await run_in_threadpool(self._port.leave)
        # At once: each may wait two seconds, for a collector or for whoever reads the log, and
        # gunicorn gives a worker three.
        ending = [drain_logs] if self._tracing is None else [drain_logs, self._tracing.shutdown]
        for error in await asyncio.gather(*map(run_in_threadpool, ending), return_exceptions=True):
            if isinstance(error, Exception):
                failed("stop", error)


def instrument(
    app: Starlette,
    *,
    service: str,
    version: str = "unknown",
    registry: CollectorRegistry | None = None,
    settings: TelemetrySettings | None = None,
    span_options: Mapping[str, Any] | None = None,
    **options: Unpack[Options],
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
        options: Each in place of the setting of its name: `prefix`, `metrics_path`, `metrics_port`,
            `logs`, `traces` and so on (`Options`).
        span_options: For `FastAPIInstrumentor.instrument_app`: hooks, captured headers and so on.

    Raises:
        RuntimeError: the application has started, or is instrumented already; or the package that
            is to make the spans is missing.
        TypeError: there is no such option.
        ValueError: prometheus_client's global registry has metrics of the same names.
        pydantic.ValidationError: a `TELEMETRY_*` variable or an argument is out of its range.
    """
    if app.middleware_stack is not None or hasattr(app.state, "telemetry"):
        raise RuntimeError("instrument() comes once, before the application starts")
    settings = settled(settings or TelemetrySettings(), options)
    if not settings.enabled:
        use_folder()  # the client library would fail where it cannot be used
        telemetry = Telemetry(CollectorRegistry(), service, version, settings)
        app.state.telemetry = telemetry
        return telemetry
    if settings.traces and settings.spans == "contrib":
        check_contrib(app)
    if settings.logs:
        with guard("logs"):
            configure_logging(service, settings)
    join_siblings(service)
    telemetry = Telemetry(
        registry or CollectorRegistry(), service, version, settings, span_options or {}
    )
    if taken := telemetry.names.clashes():
        raise ValueError(_clash(taken))
    telemetry.metrics.service_info.labels(service, version, settings.revision).set(1)
    app.state.telemetry = telemetry
    telemetry.offer(app, has_application_metrics=registry is None)
    telemetry.wrap(app)
    return telemetry


def _clash(names: list[str]) -> str:
    return (
        f"{', '.join(names)}: somebody else in this process has metrics of the same names, and "
        'those of one would be lost; give instrument(prefix="...") or TELEMETRY_PREFIX'
    )


def _with_layers(app: Starlette, build: Callable[[], ASGIApp], first: list[Middleware]) -> ASGIApp:
    """Build the stack with layers of ours around the application's own middlewares, if any."""
    own = app.user_middleware
    if own or first:
        app.user_middleware = [*first, *own, Middleware(RouterLayer)]
    try:
        return build()
    finally:
        app.user_middleware = own
