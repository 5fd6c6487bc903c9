"""PostgreSQL, from its exporter."""

from typing import Final

from grafana.frame import Builder, Page, Row, all_alerts, instance_variable
from grafana.panels import GREEN, RED, UP, YELLOW, Query, Steps, graph, stat
from grafana.places import Uid

_OURS: Final = 'instance=~"$instance"'
# Without the template databases.
_DATA: Final = f'{_OURS}, datname!~"template.*"'


def _rate(metric: str) -> str:
    return f"sum by (datname) (rate({metric}{{{_DATA}}}[$__rate_interval]))"


def _state() -> list[Builder]:
    used = f"sum(pg_stat_activity_count{{{_OURS}}}) / sum(pg_settings_max_connections{{{_OURS}}})"
    return [
        stat(
            "PostgreSQL",
            "Is it up? 1 is yes.",
            Query(f"min(pg_up{{{_OURS}}})"),
            unit="bool_yes_no",
            decimals=0,
            steps=UP,
        ).span(6),
        stat(
            "Connections used",
            "Are there connections left? The share of the server's maximum that is open.",
            Query(used),
            unit="percentunit",
            decimals=0,
            steps=Steps(GREEN, ((0.8, YELLOW), (0.95, RED))),
        ).span(6),
        stat(
            "Longest transaction",
            "Does a transaction hold up the others? The age of the oldest one that is running.",
            Query(f"max(pg_stat_activity_max_tx_duration{{{_DATA}}})"),
            unit="s",
            steps=Steps(GREEN, ((10, YELLOW), (60, RED))),
        ).span(6),
        stat(
            "Size",
            "How large is the data? All databases together.",
            Query(f"sum(pg_database_size_bytes{{{_OURS}}})"),
            unit="bytes",
        ).span(6),
    ]


def _work() -> list[Builder]:
    read, hit = _rate("pg_stat_database_blks_read"), _rate("pg_stat_database_blks_hit")
    return [
        graph(
            "Connections by state",
            "What do connections do? `idle in transaction` holds locks while doing nothing.",
            [Query(f"sum by (state) (pg_stat_activity_count{{{_DATA}}})", "{{state}}")],
            unit="none",
        ),
        graph(
            "Transactions",
            "How much work is there, and how much fails? Transactions a second.",
            [
                Query(_rate("pg_stat_database_xact_commit"), "{{datname}} committed"),
                Query(_rate("pg_stat_database_xact_rollback"), "{{datname}} rolled back"),
            ],
            unit="ops",
        ),
        graph(
            "Rows",
            "What kind of work is it? Rows fetched, inserted, updated and deleted a second.",
            [
                Query(_rate(f"pg_stat_database_tup_{kind}"), f"{{{{datname}}}} {kind}")
                for kind in ("fetched", "inserted", "updated", "deleted")
            ],
            unit="suffix:rows/s",
        ),
        graph(
            "Cache hits",
            "Does the data fit in memory? The share of blocks read from memory.",
            [Query(f"{hit} / ({hit} + {read} > 0)", "{{datname}}")],
            unit="percentunit",
            empty="no block was read in this time range",
        ).max(1),
        graph(
            "Locks",
            "What is locked? Locks held, by mode.",
            [Query(f"sum by (mode) (pg_locks_count{{{_DATA}}})", "{{mode}}")],
            unit="none",
        ),
        graph(
            "Deadlocks and conflicts",
            "Do transactions block each other? Deadlocks and conflicts a second; 0 on a healthy"
            " database.",
            [
                Query(_rate("pg_stat_database_deadlocks"), "{{datname}} deadlocks"),
                Query(_rate("pg_stat_database_conflicts"), "{{datname}} conflicts"),
            ],
            unit="ops",
            steps=Steps(GREEN, ((0.01, RED),)),
        ),
    ]


PAGE: Final = Page(
    uid=Uid.POSTGRES,
    title="PostgreSQL",
    description="The database, from its exporter.",
    variables=(instance_variable("pg_up"),),
    annotations=(all_alerts(),),
    rows=(Row("State", _state()), Row("Work", _work())),
)
