"""What limits a service: pools, executor, event loop, processes, cache and rate limit."""

from typing import Final

from grafana.frame import Builder, Page, Row, alerts_of_service, deployments, service_variable
from grafana.panels import DASHED, GREEN, LIMIT, RED, YELLOW, Query, Steps, graph
from grafana.places import Uid
from grafana.slo_series import POOL_WAIT_THRESHOLD

_OURS: Final = 'service="$service"'


def _rate(metric: str, more: str = "") -> str:
    return f"rate({metric}{{{_OURS}{more}}}[$__rate_interval])"


def _quantile(metric: str, by: str, quantile: float = 0.99) -> str:
    return f"histogram_quantile({quantile}, sum by ({by}, le) ({_rate(f'{metric}_bucket')}))"


def _pools() -> list[Builder]:
    failed = _rate("pool_acquire_total", ', outcome!="ok"')
    used = f'sum by (pool) (pool_connections{{{_OURS}, state="used"}})'
    return [
        graph(
            "Pool use",
            "Is a pool full? The share of connections (or threads) in use; at 100 % the next "
            "request waits. The pool `cpu` is the executor.",
            [Query(f"{used} / sum by (pool) (pool_max_connections{{{_OURS}}})", "{{pool}}")],
            unit="percentunit",
            steps=Steps(GREEN, ((0.8, YELLOW), (0.95, RED))),
        ),
        graph(
            "Pool connections",
            "How large are the pools? Connections (or threads) in use and idle, and the maximum.",
            [
                Query(f"sum by (pool, state) (pool_connections{{{_OURS}}})", "{{pool}} {{state}}"),
                Query(f"sum by (pool) (pool_max_connections{{{_OURS}}})", "{{pool}} max"),
            ],
            unit="none",
        ),
        graph(
            "Waiting for a pool",
            "What waits? Requests that wait for a connection (or thread) now. A line that stays"
            " above 0 is a pool too small or a dependency too slow.",
            [Query(f"sum by (pool) (pool_pending_requests{{{_OURS}}})", "{{pool}}")],
            unit="none",
            steps=Steps(GREEN, ((1, YELLOW), (10, RED))),
        ),
        graph(
            "Pool wait, p99",
            "How long do they wait? 99 of 100 attempts waited at most this long, failed ones "
            "included; the objective's threshold is dashed. No line without traffic.",
            [
                Query(_quantile("pool_wait_seconds", "pool"), "{{pool}}"),
                Query(f"max({POOL_WAIT_THRESHOLD}{{{_OURS}}})", LIMIT),
            ],
            unit="s",
        ).override_by_name(LIMIT, DASHED),
        graph(
            "Failed attempts",
            "Which attempts fail? Attempts a second that got no connection: waited too long "
            "(timeout), refused at once (full), or broken (error). 0 on a healthy service.",
            [
                Query(
                    f"sum by (pool, outcome) ({failed})",
                    "{{pool}} {{outcome}}",
                )
            ],
            unit="ops",
            steps=Steps(GREEN, ((0.01, RED),)),
        ),
        graph(
            "Pool hold time",
            "How long are they held? Time for which a connection (or thread) is in use, at the "
            "median and the 99th percentile.",
            [
                Query(_quantile("pool_use_seconds", "pool", 0.5), "{{pool}} p50"),
                Query(_quantile("pool_use_seconds", "pool"), "{{pool}} p99"),
            ],
            unit="s",
        ),
    ]


def _processes() -> list[Builder]:
    lag = _rate("event_loop_lag_seconds_bucket")
    return [
        graph(
            "Event loop lag",
            "Does something block the event loop? How late it wakes up; above 0.1 s every "
            "request of that worker waits noticeably.",
            [
                Query(f"histogram_quantile({quantile}, sum by (le) ({lag}))", name)
                for quantile, name in ((0.5, "p50"), (0.99, "p99"))
            ],
            unit="s",
            steps=Steps(GREEN, ((0.05, YELLOW), (0.1, RED))),
        ),
        graph(
            "Workers",
            "Are all worker processes running? Fewer than configured means that they crash or "
            "are being recycled.",
            [Query(f"sum(workers{{{_OURS}}})", "workers")],
            unit="none",
        ),
        graph(
            "Worker exits",
            "Why did workers end? `recycled` and `stopped` are intended; `failed`, `timeout` "
            "and `killed` are not.",
            [
                Query(
                    f"sum by (reason) (increase(worker_exits_total{{{_OURS}}}[$__rate_interval]))",
                    "{{reason}}",
                )
            ],
            unit="none",
            empty="a service with one process has no workers that end",
        ),
        graph(
            "Processor",
            "Is the processor the bottleneck? Cores in use by all workers.",
            [Query(f"sum({_rate('process_cpu_seconds_total')})", "cores")],
            unit="suffix:cores",
        ),
        graph(
            "Memory",
            "Does it leak? Resident memory of all workers.",
            [Query(f"sum(process_resident_memory_bytes{{{_OURS}}})", "resident")],
            unit="bytes",
        ),
        graph(
            "File descriptors",
            "Do connections leak? Open file descriptors of all workers.",
            [Query(f"sum(process_open_fds{{{_OURS}}})", "open")],
            unit="none",
        ),
    ]


def _helpers() -> list[Builder]:
    found = _rate("cache_requests_total", ', result="hit"')
    looks = f"sum by (cache) ({_rate('cache_requests_total')})"
    none = "the service has none"
    return [
        graph(
            "Cache look-ups",
            "Does the cache work? Look-ups a second by result; after an error the cache is "
            "skipped.",
            [
                Query(
                    f"sum by (cache, result) ({_rate('cache_requests_total')})",
                    "{{cache}} {{result}}",
                )
            ],
            unit="ops",
            empty=none,
        ).span(6),
        graph(
            "Cache hits",
            "Is the cache worth having? The share of look-ups that found something.",
            [Query(f"sum by (cache) ({found}) / ({looks} > 0)", "{{cache}}")],
            unit="percentunit",
            empty="nothing was looked up in this time range",
        )
        .max(1)
        .span(6),
        graph(
            "Rate limit",
            "Are clients refused? Decisions a second; `unavailable` let a request through "
            "because the limit's store did not answer.",
            [
                Query(
                    f"sum by (limit, decision) ({_rate('rate_limit_decisions_total')})",
                    "{{limit}} {{decision}}",
                )
            ],
            unit="ops",
            empty=none,
        ).span(6),
        graph(
            "Background tasks",
            "Do tasks that run after the answer succeed? Finished tasks a second, by outcome.",
            [
                Query(
                    f"sum by (task, outcome) ({_rate('background_tasks_total')})",
                    "{{task}} {{outcome}}",
                )
            ],
            unit="ops",
            empty=none,
        ).span(6),
    ]


PAGE: Final = Page(
    uid=Uid.SATURATION,
    title="Saturation",
    description="What limits a service, and what waits for it.",
    variables=(service_variable(),),
    annotations=(alerts_of_service(), deployments()),
    rows=(
        Row("Pools and executor: who waits for what?", _pools()),
        Row("Processes", _processes()),
        Row("Cache, rate limit, background", _helpers()),
    ),
)
