"""The outermost ASGI layer: it gives each request its ids and has it measured."""

import asyncio
import weakref
from contextvars import Token
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final, Protocol

from opentelemetry.context import Context
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from burnrate.telemetry.body_sizes import BodySizes
from burnrate.telemetry.context import RequestInfo, current
from burnrate.telemetry.deadlines import Sweeper
from burnrate.telemetry.endpoints import Endpoints, note_mount
from burnrate.telemetry.exchanges import HttpExchange, WebSocketExchange
from burnrate.telemetry.failures import failed, guard
from burnrate.telemetry.logs import hide_second_reports
from burnrate.telemetry.metrics import Metrics
from burnrate.telemetry.platforms import after_fork
from burnrate.telemetry.recorder import HttpRecorder, UncountedRecorder
from burnrate.telemetry.settings import TelemetrySettings
from burnrate.telemetry.traces import (
    Identities,
    Outcome,
    adopted,
    attach,
    detach,
    expect_server_span,
)

if TYPE_CHECKING:
    from burnrate.telemetry.traces import Tracing

# A server that stops cancels what still runs, and may leave it no time to be counted.
_ENDING_SECONDS: Final = 1.0
_POLL_SECONDS: Final = 0.01
# With this in its scope a FastAPI application, also one that is mounted, makes no span of its own.
_NATIVE: Final = "fastapi.telemetry"
_MEASURED: Final = frozenset(("http", "websocket"))
# What Starlette leaves in the scope of an application that is mounted in another one.
_MOUNTED: Final = "app_root_path"
# Where in a scope the inner layer finds what the outer one has begun.
_EXCHANGE: Final = "burnrate.exchange"


class Lifecycle(Protocol):
    """What begins with the application and ends with it."""

    def start(self) -> None:
        """Begin, in the running event loop; harmless when begun already."""

    async def stop(self) -> None:
        """End, losing nothing that was measured."""

    def note_first(self, method: str, endpoint: str, status: int) -> None:
        """Take note of the first request of its kind; must not raise."""


class TelemetryMiddleware:
    """Measures everything inside it, the framework's own error pages included.

    Args:
        app: The application's whole middleware stack.
        endpoints: Names the route of a request.
        metrics: The families to write to.
        settings: Which requests get a line.
        tracing: None when traces are off.
        lifecycle: Started when the application has started, stopped after it has stopped.
        sampled_app: The same stack with layers that make the server spans of sampled requests, in
            place of ours.
        is_foreign: Whether somebody else makes the server spans of all requests.
    """

    def __init__(
        self,
        app: ASGIApp,
        endpoints: Endpoints,
        metrics: Metrics,
        settings: TelemetrySettings,
        tracing: "Tracing | None",
        lifecycle: Lifecycle,
        *,
        sampled_app: ASGIApp | None = None,
        is_foreign: bool = False,
    ) -> None:
        if settings.body_sizes:
            measured = partial(
                BodySizes, metrics=metrics, endpoints=endpoints, uncounted=settings.uncounted
            )
            app, sampled_app = measured(app), sampled_app and measured(sampled_app)
        self._app = app
        self._sampled_app = sampled_app
        self._is_foreign = is_foreign
        self._metrics = metrics
        self._recorder = HttpRecorder(
            metrics, endpoints, settings, lifecycle.note_first, self._make_late
        )
        self._sweeper = Sweeper(self._recorder.open, self._recorder.limits)
        self._uncounted = settings.uncounted or None
        self._uncounting = UncountedRecorder(metrics, endpoints, settings)
        self._is_logging = settings.logs
        self._tracing = tracing
        deciding = None if is_foreign else tracing
        self._unsampled = deciding.unsampled if deciding is not None else None
        identities = Identities(
            deciding, untraced=settings.untraced, is_caller_trusted=settings.trust_traceparent
        )
        self._identify = identities.of
        self._lifecycle = lifecycle
        self._is_started = False
        self._running = 0
        _middlewares.add(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one scope of any type."""
        kind = scope["type"]
        # A lifespan, or a type that is not known yet; or the application around this one measures.
        if kind not in _MEASURED or (_MOUNTED in scope and _EXCHANGE in scope):
            await self._serve_other(scope, receive, send)
            return
        if not self._is_started or _MOUNTED in scope:
            self._prepare(scope)
        exchange: HttpExchange | WebSocketExchange
        try:
            request, parent = self._identify(scope)
            if kind == "http":
                recorder = self._recorder if self._uncounted is None else self._recorder_of(scope)
                exchange = HttpExchange(scope, receive, send, request, recorder)
            else:
                measured, recorder = self._metrics, self._recorder
                exchange = WebSocketExchange(scope, receive, send, request, measured, recorder)
        except Exception as error:  # noqa: BLE001 - the request is served, unmeasured
            failed("requests", error)
            await self._app(scope, receive, send)
            return
        scope[_EXCHANGE] = exchange
        self._running += 1
        token = current.set(request)
        app, context = self._app, None
        # Most requests have no span and no caller with one: the same context serves them all.
        if self._unsampled is not None and parent is None and not request.is_sampled:
            scope.setdefault(_NATIVE, None)
            context = attach(self._unsampled)
        elif self._tracing is not None or self._is_foreign:
            app, context = self._enter(scope, exchange, parent)
        try:
            await app(scope, exchange.receive, exchange.send)
        except BaseException as error:
            exchange.fail(error)
            raise
        finally:
            if not exchange.is_plain:
                self._end(scope, exchange, parent)
            self._running -= 1
            scope.pop(_EXCHANGE, None)  # no cycle of references is left behind
            if context is not None:
                detach(context)
            current.reset(token)

    def _recorder_of(self, scope: Scope) -> HttpRecorder:
        is_uncounted = self._uncounted is not None and self._uncounted.have(scope)
        return self._uncounting if is_uncounted else self._recorder

    def _end(
        self, scope: Scope, exchange: HttpExchange | WebSocketExchange, parent: Context | None
    ) -> None:
        """Record what is not recorded yet, and make the span that is made afterwards, if any."""
        if not exchange.is_closed:
            exchange.finish()
        if exchange.has_late_span:
            self._make_late(scope, exchange.request, parent, exchange.outcome)

    def _enter(
        self, scope: Scope, exchange: HttpExchange | WebSocketExchange, parent: Context | None
    ) -> tuple[ASGIApp, Token[Context] | None]:
        """Begin the request's part of its trace; return what serves it, and a token to detach."""
        scope.setdefault(_NATIVE, None)
        if parent is not None:
            exchange.parent = parent
        tracing, request = self._tracing, exchange.request
        if tracing is None or self._is_foreign:
            return self._app, None
        if self._sampled_app is not None and request.is_sampled:
            return self._sampled_app, expect_server_span(parent)
        exchange.span, token = tracing.enter(scope, request, parent)
        return self._app, token

    @guard("traces")
    def _make_late(
        self, scope: Scope, request: RequestInfo, parent: Context | None, outcome: Outcome
    ) -> None:
        if self._tracing is not None:
            self._tracing.make_late(scope, request, parent, outcome)

    def _prepare(self, scope: Scope) -> None:
        if not self._is_started:  # a server without lifespan, or with it turned off
            self._start()
        if _MOUNTED in scope:
            note_mount(scope)

    async def _serve_other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in _MEASURED:
            self._prepare(scope)

        async def send_and_start(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._start()
            elif message["type"] == "lifespan.shutdown.complete":
                with guard("stop"):
                    await self._let_requests_end()
                    self._sweeper.stop()
                    await self._lifecycle.stop()
            await send(message)

        await self._app(scope, receive, send_and_start)

    async def _let_requests_end(self) -> None:
        deadline = monotonic() + _ENDING_SECONDS
        while self._running and monotonic() < deadline:  # noqa: ASYNC110 - requests set no event: it would cost each of them
            await asyncio.sleep(_POLL_SECONDS)

    def forget_start(self) -> None:
        """Start anew at the first request of a forked child, which has no threads or tasks yet."""
        self._is_started = False
        self._running = 0

    def _start(self) -> None:
        self._is_started = True
        with guard("start"):
            self._recorder.expect_errors()
        with guard("start"):
            self._lifecycle.start()
        with guard("start"):
            self._sweeper.start()
        if self._is_logging:
            hide_second_reports()


_middlewares: Final["weakref.WeakSet[TelemetryMiddleware]"] = weakref.WeakSet()


def _forget_starts() -> None:
    for each in list(_middlewares):
        each.forget_start()


after_fork(_forget_starts)


class RouterLayer:
    """Stands between the application's own middlewares and its router, and tells what they hide.

    One may pass on a copy of the scope, which the route is then written into; another ends the
    answer in good order although what is behind it broke.

    Args:
        app: The router, with what handles its exceptions.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one scope of any type."""
        exchange = scope.get(_EXCHANGE)
        if exchange is None:  # a lifespan
            await self._app(scope, receive, send)
            return
        # A scope that a middleware has copied keeps no reference, and says that it is measured.
        scope[_EXCHANGE] = None
        exchange.routed = scope
        try:
            await self._app(scope, receive, send)
        except BaseException as error:
            exchange.break_inside(error)
            raise


class AdoptingLayer:
    """Stands before the application's own middlewares and takes over the ids of others' spans.

    Args:
        app: The application's own middlewares.
        has_late_spans: Whether a request that is not sampled and fails gets its span afterwards.
    """

    def __init__(self, app: ASGIApp, *, has_late_spans: bool) -> None:
        self._app = app
        self._has_late_spans = has_late_spans

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one scope of any type."""
        exchange = scope.get(_EXCHANGE)
        if exchange is not None:
            with guard("traces"):
                request = adopted(exchange.request, may_be_late=self._has_late_spans)
                if request is not None:
                    exchange.request = request
                    current.set(request)  # until the outer layer resets it
        await self._app(scope, receive, send)
