"""Which of PostgreSQL's statements cost the time, and who waits for whom."""

from typing import Final

from grafana.frame import Builder
from grafana.pages.postgres_series import DATA, OLD, OURS, rate_by_database
from grafana.panels import GREEN, RED, YELLOW, Query, Steps, graph
from grafana.tables import Column, Label, table

_NONE: Final = (
    "no statement is known: PostgreSQL is down, or lacks pg_stat_statements (postgres/exporter.sql)"
)
# Each statement with its text, which only one series has.
_TEXT: Final = (
    f"* on (queryid) group_left (query) max by (queryid, query) (pg_statement_text_info{{{OURS}}})"
)
# Much below one at once on most days.
_MOST_AT_ONCE: Final = 0.1


def _of_each(what: str) -> str:
    return f"sum by (queryid) (increase(pg_statement_{what}_total{{{OURS}}}[$__range]))"


def statements() -> list[Builder]:
    """Return the statements that took most time, in the dashboard's time range."""
    calls, seconds = _of_each("calls"), _of_each("seconds")
    per_call = f"({calls} > 0)"
    every = f"sum(increase(pg_statement_seconds_total{{{OURS}}}[$__range]))"
    rate = f"rate(pg_statement_seconds_total{{{OURS}}}[$__rate_interval])"
    return [
        table(
            "Statements",
            "Which statements cost the time? The fifty that took most since they are counted, with "
            "their share of the time of all of them in the dashboard's range; constants are "
            "replaced by $1, $2. Rows, blocks that were not in memory, and blocks spilled to "
            "temporary files are those of one call. Sort by *Mean* for those that are always "
            "slow.",
            [Label("query", "Statement"), Label("queryid", "Id", width=200, is_last=True)],
            [
                Column(
                    "Share",
                    f"{seconds} / on () group_left () {every} {_TEXT}",
                    "percentunit",
                    decimals=1,
                    width=80,
                ),
                Column("Calls", f"{calls} / $__range_s {_TEXT}", "ops", decimals=2, width=100),
                Column(
                    "Mean",
                    f"{seconds} / {per_call} {_TEXT}",
                    "s",
                    Steps(GREEN, ((0.1, YELLOW), (1, RED))),
                    decimals=1,
                    width=90,
                ),
                Column(
                    "Rows",
                    f"{_of_each('rows')} / {per_call} {_TEXT}",
                    "none",
                    decimals=1,
                    width=100,
                ),
                Column(
                    "Blocks read",
                    f"{_of_each('blocks_read')} / {per_call} {_TEXT}",
                    "none",
                    decimals=1,
                    width=110,
                ),
                Column(
                    "Blocks spilled",
                    f"{_of_each('temporary_blocks')} / {per_call} {_TEXT}",
                    "none",
                    Steps(GREEN, ((1, YELLOW),)),
                    decimals=1,
                    width=120,
                ),
            ],
            empty=_NONE,
            sort_by="Share",
        ).height(10),
        graph(
            "Time in statements",
            "Since when do statements take long? Seconds a second spent in the fifty, which is how "
            "many run at once on average.",
            [Query(f"sum({rate})", "statements at once")],
            unit="none",
            empty=_NONE,
        )
        .axis_soft_max(_MOST_AT_ONCE)
        .span(12),
        graph(
            "Time by statement",
            "Which statement is it? The five that take most now, by their id in the table above.",
            [Query(f"topk(5, sum by (queryid) ({rate}))", "{{queryid}}")],
            unit="none",
            empty=_NONE,
        )
        .axis_soft_max(_MOST_AT_ONCE)
        .span(12),
    ]


def waits() -> list[Builder]:
    """Return who holds what others wait for."""
    by = "by (queryid, blocked_by, holder, holder_state)"
    sessions = f"pg_blocked_sessions{{{OURS}}}"
    return [
        table(
            "Blocked statements",
            "Who waits for whom? Statements that wait for a lock now, and the last statement of "
            "the session that holds it; the ids are those of the table above. A holder that is "
            "idle in transaction waits for its client. Empty while nobody waits.",
            [
                Label("queryid", "Waits"),
                Label("blocked_by", "For"),
                Label("holder", "Of"),
                Label("holder_state", "Which is"),
            ],
            [
                Column("Sessions", f"sum {by} ({sessions})", "none", decimals=0),
                Column(
                    "Wait for",
                    f"max {by} (pg_blocked_seconds{{{OURS}}})",
                    "s",
                    Steps(GREEN, ((1, YELLOW), (10, RED))),
                    decimals=0,
                ),
            ],
            empty="nobody waits for a lock",
            sort_by="Wait for",
        ).span(12),
        graph(
            "Sessions that wait for a lock",
            "Since when do they wait? Sessions whose statement waits for a lock; 0 on a healthy "
            "database.",
            # Without a waiter there are no series.
            [Query(f"sum({sessions}) or 0 * max(pg_up{{{OURS}}})", "waiting")],
            unit="none",
            steps=Steps(GREEN, ((1, YELLOW), (10, RED))),
        ).span(12),
        graph(
            "Oldest transaction by state",
            "Since when is a transaction open? The age of the oldest one of each state.",
            [
                Query(
                    f"max by (state) (pg_stat_activity_max_tx_duration{{{DATA}}} > 0)",
                    "{{state}}",
                )
            ],
            unit="s",
            steps=OLD,
            empty="no transaction is open",
        ),
        graph(
            "Locks",
            "What is locked? Locks held, by mode.",
            [Query(f"sum by (mode) (pg_locks_count{{{DATA}}})", "{{mode}}")],
            unit="none",
        ),
        graph(
            "Deadlocks and conflicts",
            "Do transactions block each other? Deadlocks and conflicts a second; 0 on a healthy"
            " database.",
            [
                Query(rate_by_database("deadlocks"), "{{datname}} deadlocks"),
                Query(rate_by_database("conflicts"), "{{datname}} conflicts"),
            ],
            unit="ops",
            is_rare=True,
            steps=Steps(GREEN, ((0.01, RED),)),
        ),
    ]
