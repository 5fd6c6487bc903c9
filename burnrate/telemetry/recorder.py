"""What each request writes into the HTTP families, at the least cost.

Between two calls some hundred microseconds of other code run, which evict this code from the
processor's caches. So its cost is its size: hence few, flat functions.
"""

from bisect import bisect_left
from collections.abc import Callable, Hashable
from itertools import islice
from random import random
from time import time
from typing import Any, Final

from opentelemetry.context import Context
from prometheus_client.samples import Exemplar
from starlette.types import Scope

from burnrate.telemetry.context import RequestInfo
from burnrate.telemetry.deadlines import Limits, Watched
from burnrate.telemetry.endpoints import UNMATCHED, Endpoints
from burnrate.telemetry.failures import failed
from burnrate.telemetry.logs import is_wanted
from burnrate.telemetry.metrics import HTTP_METHODS, OTHER_METHOD, Metrics
from burnrate.telemetry.request_series import RequestSeries, end_request
from burnrate.telemetry.settings import TelemetrySettings
from burnrate.telemetry.traces import LateSpans, Outcome

# With it a router sends clients to the path with or without a slash at its end.
_REDIRECT: Final = 307
_CLIENT_ERROR: Final = 400
_SERVER_ERROR: Final = 500
# What nginx takes for everyone's deadline (`$deadline_seconds` in nginx/nginx.conf).
_PROXY_DEADLINE_SECONDS: Final = 30.0
# With the other families of a fresh application at most 1,500 series.
_MOST_EXPECTED: Final = 1_200
_EXPECTED_METHODS: Final = HTTP_METHODS - {"HEAD", "OPTIONS"}  # they come with others


class HttpRecorder:
    """Writes the HTTP families; the series of a label tuple are looked up once.

    Args:
        metrics: The families.
        endpoints: Names the route of a request.
        settings: By default read from `TELEMETRY_*`.
        note_first: Called with the method, endpoint and status of each first request of its kind.
        make_late: Makes the span of a request that was not sampled and yet has one.

    Attributes:
        endpoints: Names the route of a request.
        enter: Counts one more request in progress; called with 1.0.
        slow_seconds: What takes this long is slow.
        internal: First segments of routes that no user asks for; none where no kind is announced.
        limits: The deadlines of requests.
        make_late: The argument.
        open: The requests whose answer has not begun; who takes one out counts it.
    """

    def __init__(
        self,
        metrics: Metrics,
        endpoints: Endpoints,
        settings: TelemetrySettings | None = None,
        note_first: Callable[[str, str, int], None] = lambda *_: None,
        make_late: Callable[[Scope, RequestInfo, Context | None, Outcome], None] = lambda *_: None,
    ) -> None:
        settings = settings or TelemetrySettings()
        self.endpoints = endpoints
        self._metrics = metrics
        self._note_first = note_first
        self.make_late = make_late
        self._late_spans = LateSpans(settings.late_spans_per_second)
        self.slow_seconds = settings.slow_request_seconds
        self.internal = frozenset(filter(None, settings.internal_routes.split(",")))
        self.limits = Limits(endpoints, settings.deadline_seconds)
        self.open: dict[Watched, None] = {}
        self._success_ratio = settings.log_success_ratio
        self._unlogged = settings.unlogged
        self._uncounted = settings.uncounted
        self._is_expecting = settings.expected_series
        self._is_by_class = settings.status_label == "class"
        self._children: dict[tuple[str, str, int], RequestSeries] = {}
        # Without the checks of Gauge.inc; the same private attribute as above.
        gauge = metrics.http_requests_in_progress
        self._in_progress: Any = getattr(gauge, "_value", gauge)
        self.enter: Callable[[float], None] = self._in_progress.inc
        # Values in files share a lock, so one is enough for all four.
        self._end = getattr(type(self._in_progress), "end_request", end_request)

    def record(
        self,
        method: str,
        endpoint: str,
        status: int,
        seconds: float,
        request: RequestInfo,
        *,
        has_late_span: bool = False,
    ) -> None:
        """Count one request that is not in progress any more.

        If it has a span, or gets one afterwards, its trace becomes its bucket's exemplar.

        Args:
            method: As the client sent it; one that HTTP does not know counts as `OTHER`.
            endpoint: The route's template.
            status: Of the answer.
            seconds: From its first byte to the last one of the answer.
            request: Its ids.
            has_late_span: Whether it gets a span afterwards.
        """
        if method not in HTTP_METHODS:
            method = OTHER_METHOD
        children = self._children.get((method, endpoint, status))
        if children is None:
            children = self._make_children(method, endpoint, status)
        buckets = children.buckets
        if buckets is None:
            self._in_progress.inc(-1.0)
            has_span = request.is_sampled or has_late_span
            children.record(seconds, {"trace_id": request.trace_id} if has_span else None)
            return
        bucket = buckets[bisect_left(children.bounds, seconds)]
        self._end(self._in_progress, children.requests, bucket, children.sum, seconds)
        if request.is_sampled or has_late_span:
            bucket.set_exemplar(Exemplar({"trace_id": request.trace_id}, seconds, time()))

    def record_well(
        self, scope: Scope, method: str, status: int, seconds: float, request: RequestInfo
    ) -> str:
        """Count a request that went well and fast as `record` does, and return its endpoint.

        Args:
            scope: The request's, as routing has left it.
            method: One that HTTP knows.
            status: Of the answer, below 500.
            seconds: What it took, less than `slow_seconds`.
            request: Its ids.
        """
        key = (id(scope.get("endpoint")), id(scope.get("route")), method, status)
        children: RequestSeries | None = self.endpoints.notes.get(key)
        if children is None:
            children = self._find_children(scope, method, status, key)
        buckets = children.buckets
        if buckets is None:
            self.record(method, children.endpoint, status, seconds, request)
            return children.endpoint
        bucket = buckets[bisect_left(children.bounds, seconds)]
        self._end(self._in_progress, children.requests, bucket, children.sum, seconds)
        if request.is_sampled:
            bucket.set_exemplar(Exemplar({"trace_id": request.trace_id}, seconds, time()))
        return children.endpoint

    def _find_children(
        self, scope: Scope, method: str, status: int, key: Hashable
    ) -> RequestSeries:
        endpoint, notes = UNMATCHED, None
        try:
            endpoint = self.endpoint_of(scope, status)
            # Of what is in the table no `id` passes to another object.
            if self.endpoints.plain(scope.get("endpoint"), scope.get("route")) is not None:
                notes = self.endpoints.notes
        except Exception as error:  # noqa: BLE001 - counted all the same, as `unmatched`
            failed("requests", error)
        children = self._children.get((method, endpoint, status))
        if children is None:
            children = self._make_children(method, endpoint, status)
        if notes is not None:
            notes[key] = children
        return children

    def endpoint_of(self, scope: Scope, status: int) -> str:
        """Return the template of the route that a request was for.

        Args:
            scope: The request's, as routing has left it.
            status: Of the answer.
        """
        endpoint = self.endpoints.resolve(scope)
        if endpoint == UNMATCHED and status == _REDIRECT:
            return self.endpoints.behind_slash(scope)
        return endpoint

    def _status_label(self, status: int) -> str:
        return f"{status // 100}xx" if self._is_by_class else str(status)

    def record_open(
        self,
        method: str,
        endpoint: str,
        status: int,
        seconds: float,
        request: RequestInfo,
        *,
        has_late_span: bool,
    ) -> None:
        """Count a request that goes on, as `record` would if it were over; `leave` ends it.

        Any thread may call it. The arguments are those of `record`.
        """
        if method not in HTTP_METHODS:
            method = OTHER_METHOD
        children = self._children.get((method, endpoint, status))
        if children is None:
            children = self._make_children(method, endpoint, status)
        has_span = request.is_sampled or has_late_span
        children.record(seconds, {"trace_id": request.trace_id} if has_span else None)

    def count_overdue(self, method: str, endpoint: str) -> None:
        """Count a request as one that passed its deadline, besides its count as a 504."""
        if method not in HTTP_METHODS:
            method = OTHER_METHOD
        self._metrics.http_requests_overdue.labels(method, endpoint).inc()

    def leave(self) -> None:
        """Say that a request which is counted already is not in progress any more."""
        self._in_progress.inc(-1.0)

    def _make_children(self, method: str, endpoint: str, status: int) -> RequestSeries:
        self._note_first(method, endpoint, status)
        children = self._children[method, endpoint, status] = RequestSeries(
            endpoint,
            self._metrics.http_requests.labels(method, endpoint, self._status_label(status)),
            self._metrics.http_request_duration.labels(method, endpoint, f"{status // 100}xx"),
        )
        return children

    def deadline_of(self, scope: Scope) -> str | None:
        """Return the deadline of a route where the proxy in front would take another for it."""
        return self.limits.announced(scope, _PROXY_DEADLINE_SECONDS)

    def kind_of(self, scope: Scope) -> str | None:
        """Return `unmatched` or `internal`, None for a route that users ask for."""
        endpoint = self.endpoints.resolve(scope)
        if endpoint == UNMATCHED:
            return UNMATCHED
        is_internal = endpoint.lstrip("/").partition("/")[0] in self.internal
        return "internal" if is_internal else None

    def takes_late_span(
        self, request: RequestInfo, endpoint: str, status: int, seconds: float
    ) -> bool:
        """Say whether a request gets a span afterwards; ask once, for it is taken then.

        One that failed or was slow does, so that somebody finds its trace: as many as there may be.
        The arguments are those of `record`.
        """
        return (
            request.waits is not None
            and (status >= _SERVER_ERROR or seconds >= self.slow_seconds)
            and self._late_spans.take(endpoint, status)
        )

    def is_logged(self, status: int, seconds: float, scope: Scope) -> bool:
        """Say whether the line of a request that raised nothing is to be written.

        Failed and slow ones always are; of the others the share that the settings say, without
        probes and scrapes.

        Args:
            status: Of the answer; from 400 on it has failed.
            seconds: What it took.
            scope: The request's.
        """
        if status >= _CLIENT_ERROR or seconds >= self.slow_seconds:
            return True
        unlogged = self._unlogged
        # The usual path is a look-up: each request comes here.
        if scope["path"] in unlogged.single or (
            (unlogged.below or scope.get("root_path")) and unlogged.have(scope)
        ):
            return False
        return is_wanted() and (
            self._success_ratio == 1.0 or random() < self._success_ratio  # noqa: S311 - no secret
        )

    def expect_errors(self) -> None:
        """Make one series of each route before its first event, as far as there is room.

        An SLO's ledger counts the first value of a new series (decision 22). Rules that do not,
        since `increase` sees no first sample, at least see a route's first 500.
        """
        wanted = (
            (method, endpoint.template)
            for endpoint in self.endpoints.build()
            if endpoint.template not in self._uncounted
            for method in sorted(endpoint.methods & _EXPECTED_METHODS)
        )
        for method, template in islice(wanted, _MOST_EXPECTED if self._is_expecting else 0):
            self._metrics.http_requests.labels(method, template, self._status_label(_SERVER_ERROR))


class UncountedRecorder(HttpRecorder):
    """Decides as the other one does, and counts nothing: for paths that are left out."""

    def __init__(self, metrics: Metrics, endpoints: Endpoints, settings: TelemetrySettings) -> None:
        super().__init__(metrics, endpoints, settings)
        self.enter = lambda _: None

    def record(self, *_: object, **__: object) -> None:
        """Count nothing."""

    def record_well(self, scope: Scope, *_: object) -> str:
        """Count nothing; return the endpoint all the same."""
        return self.endpoints.resolve(scope)

    def record_open(self, *_: object, **__: object) -> None:
        """Count nothing."""

    def count_overdue(self, *_: object) -> None:
        """Count nothing."""

    def leave(self) -> None:
        """Count nothing."""
