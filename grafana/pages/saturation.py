"""What limits a service: pools, executor, event loop, processes, cache and rate limit."""

from typing import Final

from grafana.frame import Builder, Page, Row, alerts_of_service, deployments, service_variable
from grafana.limits import IN_USE, LAG, MOST, OURS, USED, WAITING
from grafana.panels import (
    DASHED,
    FULL,
    GREEN,
    LIMIT,
    NONE_ALLOWED,
    RED,
    Query,
    Steps,
    graph,
    setting,
)
from grafana.places import Uid, to
from grafana.quantiles import quantile, under
from grafana.slo_series import POOL_WAIT_THRESHOLD
from grafana.tables import Column, Label, table

_PENDING: Final = f"sum by (pool) (pool_pending_requests{{{OURS}}})"


def _rate(metric: str, more: str = "") -> str:
    return f"rate({metric}{{{OURS}{more}}}[$__rate_interval])"


def _of_pools(number: float, metric: str) -> str:
    return quantile(number, metric, OURS, by=("pool",))


def _not_served() -> str:
    return _rate("pool_acquire_total", ', outcome!="ok"')


def _pool_table() -> Builder:
    def seconds(title: str, number: float, metric: str) -> Column:
        # Without samples a quantile is NaN, which `>= 0` drops.
        expression = f"{_of_pools(number, metric)} >= 0"
        return Column(title, expression, "s", decimals=0, words=(under(metric),), empty="no use")

    return table(
        "Pools",
        "Which pool limits the service? A row a pool, the fullest on top: the share of connections "
        "(or threads) in use now; who waits; attempts a second that got none: waited too long, "
        "refused or broken; how many are in use of how many, and how long requests wait and hold "
        "them. In a trace, each wait is "
        "an event `pool.wait` of the request's span: the pool's name leads to them.",
        [Label("pool", "Pool", (to(Uid.TRACES, "Traces of this service"),), narrow=92)],
        [
            # First what tells good from bad: a phone has room for these.
            Column("Used", USED, "percentunit", FULL, decimals=0, width=75),
            Column("Waiting", _PENDING, "none", WAITING, decimals=0),
            Column(
                "Not served",
                f"sum by (pool) ({_not_served()})",
                "ops",
                NONE_ALLOWED,
                decimals=2,
            ),
            Column("In use", IN_USE, "none", decimals=0),
            Column("Limit", MOST, "none", decimals=0),
            seconds("Wait, p99", 0.99, "pool_wait_seconds"),
            seconds("Held, p50", 0.5, "pool_use_seconds"),
            seconds("Held, p99", 0.99, "pool_use_seconds"),
        ],
        empty="the service has no pool that it measures",
        sort_by="Used",
    ).height(6)


def _pools() -> list[Builder]:
    return [
        _pool_table(),
        graph(
            "Pool use",
            "Since when is a pool full? The share of connections (or threads) in use; at 100 % the "
            "next request waits. The pool `cpu` is the executor.",
            [Query(USED, "{{pool}}")],
            unit="percentunit",
            steps=FULL,
        ),
        graph(
            "Waiting for a pool",
            "Since when do requests wait? Those that wait for a connection (or thread). A line "
            "that stays above 0 is a pool too small or a dependency too slow.",
            [Query(_PENDING, "{{pool}}")],
            unit="none",
            steps=WAITING,
        ),
        graph(
            "Failed attempts",
            "Which attempts fail? Attempts a second that got no connection: waited too long "
            "(timeout), refused at once (full), or broken (error). 0 on a healthy service.",
            [Query(f"sum by (pool, outcome) ({_not_served()})", "{{pool}} {{outcome}}")],
            unit="ops",
            is_rare=True,
            steps=Steps(GREEN, ((0.01, RED),)),
        ),
        graph(
            "Pool wait, p99",
            "How long do they wait? 99 of 100 attempts waited at most this long, failed ones "
            "included; the objective's threshold is dashed. No line without traffic.",
            [
                Query(_of_pools(0.99, "pool_wait_seconds"), "{{pool}}"),
                Query(f"max({POOL_WAIT_THRESHOLD}{{{OURS}}})", LIMIT),
            ],
            unit="s",
            words=under("pool_wait_seconds"),
        )
        .override_by_name(LIMIT, DASHED)
        .span(12),
        graph(
            "Pool hold time",
            "How long are they held? Time for which a connection (or thread) is in use, at the "
            "median and the 99th percentile.",
            [
                Query(_of_pools(0.5, "pool_use_seconds"), "{{pool}} p50"),
                Query(_of_pools(0.99, "pool_use_seconds"), "{{pool}} p99"),
            ],
            unit="s",
            words=under("pool_use_seconds"),
        ).span(12),
    ]


def _workers() -> list[Builder]:
    exits = f"sum by (reason) (increase(worker_exits_total{{{OURS}}}[$__rate_interval]))"
    return [
        graph(
            "Workers",
            "Are all worker processes running? Fewer than configured means that they crash or "
            "are being recycled.",
            [Query(f"sum(workers{{{OURS}}})", "workers")],
            unit="none",
        ).span(6),
        graph(
            "Worker exits",
            "Why did workers end? `recycled` and `stopped` are intended; `failed`, `timeout` "
            "and `killed` are not.",
            [Query(exits, "{{reason}}")],
            unit="none",
            is_rare=True,
            empty="a service with one process has no workers that end",
        ).span(6),
        graph(
            "Event loop lag",
            "Does something block the event loop? How late it wakes up; above 0.1 s every "
            "request of that worker waits noticeably.",
            [
                Query(quantile(number, "event_loop_lag_seconds", OURS), name)
                for number, name in ((0.5, "p50"), (0.99, "p99"))
            ],
            unit="s",
            steps=LAG,
            words=under("event_loop_lag_seconds"),
        ).span(6),
        graph(
            "Processor",
            "Is the processor the bottleneck? Cores in use by all processes; one worker cannot use "
            "more than one.",
            [
                Query(f"sum({_rate('process_cpu_seconds_total')})", "in use"),
                Query(f"sum(workers{{{OURS}}})", LIMIT),
            ],
            unit="suffix:cores",
        )
        .override_by_name(LIMIT, DASHED)
        .span(6),
    ]


def _processes() -> list[Builder]:
    share = "share of the limit"
    unknown = "the service does not say it"
    return [
        graph(
            "Memory",
            "Does it leak? Resident memory of all processes, and of the largest: a leak in one "
            "does not show in their sum.",
            [
                Query(f"sum(process_resident_memory_bytes{{{OURS}}})", "all"),
                Query(f"max(process_largest_resident_memory_bytes{{{OURS}}})", "largest"),
            ],
            unit="bytes",
        ).span(6),
        graph(
            "Threads",
            "Are threads left behind? Python's threads in all processes.",
            [Query(f"sum(process_python_threads{{{OURS}}})", "threads")],
            unit="none",
            empty=unknown,
        ).span(6),
        graph(
            "Garbage collections",
            "Does the garbage collector take the time? Collections a second by generation; each of "
            "generation 2 looks at all objects, and its worker answers nothing meanwhile.",
            [
                Query(
                    f"sum by (generation) ({_rate('python_gc_collections_total')})",
                    "generation {{generation}}",
                )
            ],
            unit="ops",
            empty=unknown,
        ).span(6),
        graph(
            "File descriptors",
            "Do connections leak? Open file descriptors of all processes, and on the right their "
            "share of the limit, at which no connection is accepted any more.",
            [
                Query(f"sum(process_open_fds{{{OURS}}})", "open"),
                Query(f"sum(process_open_fds{{{OURS}}}) / sum(process_max_fds{{{OURS}}})", share),
            ],
            unit="none",
        )
        .override_by_name(
            share,
            [
                setting("unit", "percentunit"),
                setting("custom.axisPlacement", "right"),
                setting("custom.axisSoftMax", 1),
                setting("custom.fillOpacity", 0),
            ],
        )
        .span(6),
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
            is_rare=True,
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
        Row("Processes", [*_workers(), *_processes()]),
        Row("Cache, rate limit, background", _helpers()),
    ),
)
