"""Redis, from its exporter."""

from typing import Final

from grafana.frame import Builder, Page, Row, all_alerts, instance_variable
from grafana.panels import (
    DASHED,
    FULL,
    GREEN,
    LIMIT,
    NONE_ALLOWED,
    RED,
    UP,
    YELLOW,
    Query,
    Steps,
    graph,
    stat,
)
from grafana.places import Uid
from grafana.tables import Column, Label, table

_OURS: Final = 'instance=~"$instance"'


def _rate(metric: str, more: str = "") -> str:
    return f"rate({metric}{{{_OURS}{more}}}[$__rate_interval])"


def _sum(metric: str) -> str:
    return f"sum({metric}{{{_OURS}}})"


def _state() -> list[Builder]:
    memory = f"{_sum('redis_memory_used_bytes')} / sum(redis_memory_max_bytes{{{_OURS}}} > 0)"
    return [
        stat(
            "Redis",
            "Is it up? 1 is yes. Without it the cache is skipped and the rate limit lets "
            "everything through.",
            Query(f"min(redis_up{{{_OURS}}})"),
            unit="bool_yes_no",
            decimals=0,
            steps=UP,
        ),
        stat(
            "Memory used",
            "Is memory full? The share of its maximum; at 100 % old keys are evicted. No data "
            "where it has none.",
            Query(memory),
            unit="percentunit",
            decimals=0,
            steps=FULL,
        ),
        stat(
            "Clients",
            "Are there too many clients? The share of the maximum that is connected.",
            Query(f"{_sum('redis_connected_clients')} / {_sum('redis_config_maxclients')}"),
            unit="percentunit",
            decimals=1,
            steps=FULL,
        ),
        stat(
            "Refused connections",
            "Were clients refused? Within the dashboard's time range; 0 on a healthy Redis.",
            Query(f"sum(increase(redis_rejected_connections_total{{{_OURS}}}[$__range]))"),
            unit="none",
            decimals=0,
            steps=NONE_ALLOWED,
        ),
        stat(
            "Slow commands",
            "Did commands take long? How many were added to the slow log within the dashboard's "
            "time range: those above 10 ms, unless it is configured otherwise. Each kept all "
            "clients waiting.",
            # The id of the newest entry, which is 0 before the first one.
            Query(f"sum(delta(redis_slowlog_last_id{{{_OURS}}}[$__range]))"),
            unit="none",
            decimals=0,
            steps=Steps(GREEN, ((1, YELLOW),)),
        ),
        stat(
            "Last save",
            "Is the last snapshot on disk? 1 is yes, also where snapshots are off. A failed one "
            "leaves old data behind, and stops writes where `stop-writes-on-bgsave-error` is on.",
            Query(f"min(redis_rdb_last_bgsave_status{{{_OURS}}})"),
            unit="bool_yes_no",
            decimals=0,
            steps=UP,
        ),
    ]


def _commands() -> list[Builder]:
    seconds = f"sum by (cmd) ({_rate('redis_commands_duration_seconds_total')})"
    count = f"sum by (cmd) ({_rate('redis_commands_total')})"
    share = f"sum({_rate('redis_commands_duration_seconds_total')})"
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
            "Busy",
            "Is Redis the bottleneck? The share of time in which it runs commands, one at a time.",
            [Query(share, "busy")],
            unit="percentunit",
            steps=Steps(GREEN, ((0.5, YELLOW), (0.8, RED))),
        ),
        graph(
            "Failed commands",
            "Which commands fail? Commands a second that answered with an error, or were refused "
            "before they ran. 0 on a healthy Redis.",
            [
                Query(f"sum by (cmd) ({_rate('redis_commands_failed_calls_total')})", "{{cmd}}"),
                Query(
                    f"sum by (cmd) ({_rate('redis_commands_rejected_calls_total')})",
                    "{{cmd}} refused",
                ),
            ],
            unit="ops",
            is_rare=True,
            steps=Steps(GREEN, ((0.01, RED),)),
        ),
        graph(
            "Blocked clients",
            "Do clients wait on purpose? Those in a blocking command such as BLPOP; who listens to "
            "a channel is not among them. Beside them, all that are connected.",
            [
                Query(_sum("redis_blocked_clients"), "blocked"),
                Query(_sum("redis_connected_clients"), "connected"),
            ],
            unit="none",
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


def _memory() -> list[Builder]:
    rss, used = _sum("redis_memory_used_rss_bytes"), _sum("redis_memory_used_bytes")
    most = f"sum(redis_memory_max_bytes{{{_OURS}}} > 0)"
    return [
        graph(
            "Memory",
            "Does it grow? Memory that the data takes, what the system gave for it, and the most "
            "that the data may take (dashed).",
            [
                Query(used, "data"),
                Query(rss, "of the system"),
                Query(most, LIMIT),
            ],
            unit="bytes",
        ).override_by_name(LIMIT, DASHED),
        graph(
            "Fragmentation",
            "Is memory wasted? What the allocator keeps for each byte of data. Above 1.5 for long, "
            "half as much again is lost. What the program itself takes is left out.",
            [Query(f"max(redis_allocator_frag_ratio{{{_OURS}}})", "allocator")],
            unit="suffix:x",
            steps=Steps(GREEN, ((1.5, YELLOW), (2, RED))),
        ),
        graph(
            "Keys removed",
            "Are keys removed because they expired, or because memory is full? A second; evictions "
            "are 0 while memory is enough.",
            [
                Query(f"sum({_rate('redis_expired_keys_total')})", "expired"),
                Query(f"sum({_rate('redis_evicted_keys_total')})", "evicted"),
            ],
            unit="ops",
        ),
    ]


def _keys() -> list[Builder]:
    held = f"sum by (db) (redis_db_keys{{{_OURS}}}) > 0"
    expiring = f"sum by (db) (redis_db_keys_expiring{{{_OURS}}})"
    age = f"max(time() - redis_rdb_last_save_timestamp_seconds{{{_OURS}}})"
    changes = _sum("redis_rdb_changes_since_last_save")
    return [
        table(
            "Databases",
            "What is kept, and does it expire? Keys of each database, those among them that will "
            "expire, and in what time on average. Keys that never expire fill memory.",
            [Label("db", "Database")],
            [
                Column("Keys", held, "short", decimals=0),
                Column("Expiring", f"{expiring} and on (db) {held}", "short", decimals=0),
                Column(
                    "In",
                    f"max by (db) (redis_db_avg_ttl_seconds{{{_OURS}}} > 0)",
                    "s",
                    decimals=0,
                    empty="never",
                ),
            ],
            empty="there is no key",
            sort_by="Keys",
        ).span(8),
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
            "Unsaved changes",
            "What would a crash lose? Changes since the last snapshot; all of them where snapshots "
            "are off, which a cache can afford.",
            [Query(changes, "changes")],
            unit="short",
        ).span(4),
        graph(
            "Age of the snapshot",
            "How old is what is on disk? Since the last snapshot, or since the start where "
            "snapshots are off.",
            [Query(age, "age")],
            unit="s",
        ).span(4),
    ]


PAGE: Final = Page(
    uid=Uid.REDIS,
    title="Redis",
    description="Cache, rate limit and message bus, from their exporter.",
    variables=(instance_variable("redis_up"),),
    annotations=(all_alerts(),),
    rows=(
        Row("State", _state()),
        Row("Commands: what is slow, what fails?", _commands()),
        Row("Memory", _memory()),
        Row("Keys and persistence", _keys()),
    ),
)
