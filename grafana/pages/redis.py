"""Redis, from its exporter."""

from typing import Final

from grafana.frame import Builder, Page, Row, all_alerts, instance_variable
from grafana.panels import GREEN, NONE_ALLOWED, RED, UP, YELLOW, Query, Steps, graph, stat
from grafana.places import Uid

_OURS: Final = 'instance=~"$instance"'


def _rate(metric: str) -> str:
    return f"rate({metric}{{{_OURS}}}[$__rate_interval])"


def _state() -> list[Builder]:
    memory = f"sum(redis_memory_used_bytes{{{_OURS}}}) / sum(redis_memory_max_bytes{{{_OURS}}} > 0)"
    return [
        stat(
            "Redis",
            "Is it up? 1 is yes. Without it the cache is skipped and the rate limit lets "
            "everything through.",
            Query(f"min(redis_up{{{_OURS}}})"),
            unit="bool_yes_no",
            decimals=0,
            steps=UP,
        ).span(6),
        stat(
            "Memory used",
            "Is memory full? The share of its maximum; at 100 % old keys are evicted.",
            Query(memory),
            unit="percentunit",
            decimals=0,
            steps=Steps(GREEN, ((0.8, YELLOW), (0.95, RED))),
            empty="no limit is set",
        ).span(6),
        stat(
            "Clients",
            "Are there too many clients? How many are connected now.",
            Query(f"sum(redis_connected_clients{{{_OURS}}})"),
            unit="none",
            decimals=0,
        ).span(6),
        stat(
            "Refused connections",
            "Were clients refused? Within the dashboard's time range; 0 on a healthy Redis.",
            Query(f"sum(increase(redis_rejected_connections_total{{{_OURS}}}[$__range]))"),
            unit="none",
            decimals=0,
            steps=NONE_ALLOWED,
        ).span(6),
    ]


def _work() -> list[Builder]:
    seconds = f"sum by (cmd) ({_rate('redis_commands_duration_seconds_total')})"
    count = f"sum by (cmd) ({_rate('redis_commands_total')})"
    return [
        graph(
            "Commands",
            "What is it asked to do? The ten most frequent commands, a second.",
            [Query(f"topk(10, {count})", "{{cmd}}")],
            unit="ops",
        ),
        graph(
            "Time a command takes",
            "Is a command slow? The mean time; a slow command blocks all clients.",
            [Query(f"topk(10, {seconds} / ({count} > 0))", "{{cmd}}")],
            unit="s",
            steps=Steps(GREEN, ((0.01, RED),)),
        ),
        graph(
            "Memory",
            "Does it grow? Memory in use, and the maximum.",
            [
                Query(f"sum(redis_memory_used_bytes{{{_OURS}}})", "used"),
                Query(f"sum(redis_memory_max_bytes{{{_OURS}}})", "most"),
            ],
            unit="bytes",
        ),
        graph(
            "Key look-ups",
            "Are keys found? Look-ups a second, hits and misses.",
            [
                Query(f"sum({_rate('redis_keyspace_hits_total')})", "found"),
                Query(f"sum({_rate('redis_keyspace_misses_total')})", "not found"),
            ],
            unit="ops",
        ),
        graph(
            "Keys removed",
            "Are keys removed because they expired, or because memory is full? A second.",
            [
                Query(f"sum({_rate('redis_expired_keys_total')})", "expired"),
                Query(f"sum({_rate('redis_evicted_keys_total')})", "thrown out"),
            ],
            unit="ops",
        ),
        graph(
            "Network",
            "How much data goes through it? Bytes a second.",
            [
                Query(f"sum({_rate('redis_net_input_bytes_total')})", "in"),
                Query(f"sum({_rate('redis_net_output_bytes_total')})", "out"),
            ],
            unit="Bps",
        ),
    ]


PAGE: Final = Page(
    uid=Uid.REDIS,
    title="Redis",
    description="Cache, rate limit and message bus, from their exporter.",
    variables=(instance_variable("redis_up"),),
    annotations=(all_alerts(),),
    rows=(Row("State", _state()), Row("Work", _work())),
)
