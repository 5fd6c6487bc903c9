"""Every metric family of the contract, in one place.

Label values are closed sets: no input of a client ever becomes one.
"""

from typing import Final, Literal, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

from burnrate.telemetry.failures import register_own_trouble
from burnrate.telemetry.usage import ProcessUsage

# The advice of OpenTelemetry's semantic conventions for HTTP server durations:
# https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration
HTTP_SECONDS: Final = (
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
)  # fmt: skip
# Powers of ten: what matters of a body is how many digits its length has.
BODY_BYTES: Final = (100.0, 1_000.0, 10_000.0, 100_000.0, 1e6, 1e7, 1e8)
# 50 ms is the pool SLO's threshold, 1 s the usual acquire time-out, so both are bounds.
POOL_WAIT_SECONDS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
POOL_USE_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0)
# Below 1 ms is the timer's own noise; above 1 s every client has noticed.
LOOP_LAG_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
TASK_SECONDS: Final = (0.005, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0, 60.0)

# Anything else was made up by a client and is counted as OTHER.
HTTP_METHODS: Final = frozenset(
    ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")
)
OTHER_METHOD: Final = "OTHER"
# How a WebSocket ended: closed by either side; broken by an exception or closed with code 1011; and
# before it was accepted: refused, failed, left by the client.
WEBSOCKET_OUTCOMES: Final = ("ok", "error", "refused", "handshake_error", "left")
PoolOutcome = Literal["ok", "timeout", "full", "error"]
POOL_OUTCOMES: Final[tuple[PoolOutcome, ...]] = get_args(PoolOutcome)
CACHE_RESULTS: Final = ("hit", "miss", "error")
RATE_LIMIT_DECISIONS: Final = ("allowed", "limited", "unavailable")
TASK_OUTCOMES: Final = ("ok", "error")
SPAN_OUTCOMES: Final = ("exported", "failed", "dropped")
# Why a worker left: max_requests reached; asked to stop; its own exception; its heartbeat stopped;
# a signal that left it no time to say anything (SIGKILL, the out-of-memory killer, a crash).
WORKER_EXIT_REASONS: Final = ("recycled", "stopped", "failed", "timeout", "killed")


class Metrics:
    """The families, registered in one registry.

    Gauges add up over the live workers (`livesum`); where several processes serve one
    application, counters and histograms add up over live and dead ones.

    Args:
        registry: Where they are registered.
        prefix: Begins the name of each family but those about the process, which are everyone's.
        http_seconds: Upper bounds of the durations of requests, ascending.
        has_body_sizes: Whether there are families for the bytes of bodies.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        prefix: str = "",
        *,
        http_seconds: tuple[float, ...] = HTTP_SECONDS,
        has_body_sizes: bool = False,
    ) -> None:
        # Else a counter has a `_created` series where one process serves, and none where many do.
        disable_created_metrics()  # type: ignore[no-untyped-call]

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(prefix + name, text, labels, registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(
                prefix + name, text, labels, registry=registry, multiprocess_mode="livesum"
            )

        def histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(prefix + name, text, labels, registry=registry, buckets=buckets)

        self.http_requests = counter(
            "http_requests",
            "HTTP requests by method, route template and status (499: the client left first).",
            "method", "endpoint", "status",
        )  # fmt: skip
        self.http_request_duration = histogram(
            "http_request_duration_seconds",
            "Seconds from the first byte of the request to the last byte of the answer.",
            http_seconds,
            "method", "endpoint", "status_class",
        )  # fmt: skip
        self.http_requests_overdue = counter(
            "http_requests_overdue",
            "HTTP requests that passed their deadline; each is a 504 in http_requests_total, too.",
            "method", "endpoint",
        )  # fmt: skip
        self.body_sizes = (
            tuple(
                histogram(f"http_{each}_size_bytes", f"Bytes of the body of the {each}.",
                          BODY_BYTES, "method", "endpoint")
                for each in ("request", "response")
            )
            if has_body_sizes
            else ()
        )  # fmt: skip
        self.http_requests_in_progress = gauge(
            "http_requests_in_progress", "HTTP requests being served now."
        )
        self.websocket_connections = gauge(
            "websocket_connections", "Open WebSocket connections.", "endpoint"
        )
        self.websocket_messages = counter(
            "websocket_messages", "WebSocket messages.", "endpoint", "direction"
        )
        self.websocket_sessions = counter(
            "websocket_sessions",
            "WebSocket connections that ended or were not accepted, by outcome.",
            "endpoint", "outcome",
        )  # fmt: skip
        self.pool_connections = gauge(
            "pool_connections", "Connections (or threads) of a pool by state.", "pool", "state"
        )
        self.pool_max_connections = gauge(
            "pool_max_connections", "The most connections (or threads) a pool may hold.", "pool"
        )
        self.pool_pending_requests = gauge(
            "pool_pending_requests", "Who waits for a connection (or thread) now.", "pool"
        )
        self.pool_acquire = counter(
            "pool_acquire", "Attempts to take a connection (or thread).", "pool", "outcome"
        )
        self.pool_wait = histogram(
            "pool_wait_seconds",
            "Seconds an attempt waited, failed attempts too.",
            POOL_WAIT_SECONDS,
            "pool",
        )
        self.pool_use = histogram(
            "pool_use_seconds",
            "Seconds a connection (or thread) was held.",
            POOL_USE_SECONDS,
            "pool",
        )
        self.cache_requests = counter("cache_requests", "Look-ups in a cache.", "cache", "result")
        self.rate_limit_decisions = counter(
            "rate_limit_decisions",
            "Rate-limit decisions (unavailable: no store, so let through).",
            "limit", "decision",
        )  # fmt: skip
        self.background_tasks = counter(
            "background_tasks", "Background tasks that ended.", "task", "outcome"
        )
        self.background_task_duration = histogram(
            "background_task_seconds", "Seconds a background task took.", TASK_SECONDS, "task"
        )
        self.event_loop_lag = histogram(
            "event_loop_lag_seconds",
            "Seconds the event loop woke up late.",
            LOOP_LAG_SECONDS,
        )
        self.trace_spans = counter(
            "trace_spans",
            "Sampled spans that ended (failed: not taken by the collector; dropped: queue full).",
            "outcome",
        )  # fmt: skip
        register_own_trouble(registry)
        self.process = ProcessUsage(registry)
        self.workers = gauge("workers", "Worker processes that serve now.")
        self.service_info = Gauge(
            prefix + "service_info",
            "Always 1; the labels say what runs.",
            ("service", "version", "revision"),
            registry=registry,
            multiprocess_mode="livemax",
        )


def known_method(method: str) -> str:
    """Return the method if HTTP knows it, else `OTHER`: a client may send anything."""
    return method if method in HTTP_METHODS else OTHER_METHOD


def worker_exits(registry: CollectorRegistry, prefix: str = "") -> Counter:
    """Return the counter of workers that ended, each reason at 0.

    Only a process that supervises them, such as gunicorn's master, can keep it.

    Args:
        registry: Where it is registered.
        prefix: Begins its name.
    """
    exits = Counter(
        prefix + "worker_exits",
        "Worker processes that ended, by reason.",
        ("reason",),
        registry=registry,
    )
    for reason in WORKER_EXIT_REASONS:
        exits.labels(reason)
    return exits
