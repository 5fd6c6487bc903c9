"""PostgreSQL, from its exporter and from what postgres/queries.yml has it ask besides."""

from typing import Final

from grafana.frame import Builder, Page, Row, all_alerts, instance_variable
from grafana.pages.postgres_series import DATA, OLD, OURS, rate_by_database
from grafana.pages.postgres_statements import statements, waits
from grafana.pages.postgres_storage import replicas, sizes, upkeep
from grafana.panels import FULL, GREEN, RED, UP, YELLOW, Query, Steps, graph, stat
from grafana.places import Uid


def _state() -> list[Builder]:
    used = f"sum(pg_stat_activity_count{{{OURS}}}) / sum(pg_settings_max_connections{{{OURS}}})"
    oldest = f"max(pg_stat_activity_max_tx_duration{{{DATA}%s}})"
    return [
        stat(
            "PostgreSQL",
            "Is it up? 1 is yes.",
            Query(f"min(pg_up{{{OURS}}})"),
            unit="bool_yes_no",
            decimals=0,
            steps=UP,
        ),
        stat(
            "Connections used",
            "Are there connections left? The share of the server's maximum that is open.",
            Query(used),
            unit="percentunit",
            decimals=0,
            steps=FULL,
        ),
        stat(
            "Oldest transaction",
            "Does a transaction hold up the others? The age of the oldest one that is running.",
            Query(oldest % ""),
            unit="s",
            steps=OLD,
        ),
        stat(
            "Idle in transaction",
            "Does somebody hold locks while doing nothing? The age of the oldest transaction whose "
            "session waits for its client.",
            Query(oldest % ', state=~"idle in transaction.*"'),
            unit="s",
            steps=OLD,
        ),
        stat(
            "Transaction ids used",
            "Is a wraparound near? The share of transaction ids that the oldest rows leave; "
            "autovacuum begins to freeze at 10 %, and at 100 % PostgreSQL takes no more writes.",
            Query(f"max(pg_transaction_ids_used_ratio{{{OURS}}})"),
            unit="percentunit",
            decimals=1,
            steps=Steps(GREEN, ((0.2, YELLOW), (0.5, RED))),
        ),
        stat(
            "Size",
            "How large is the data? All databases together.",
            Query(f"sum(pg_database_size_bytes{{{OURS}}})"),
            unit="bytes",
        ),
    ]


def _work() -> list[Builder]:
    read, hit = rate_by_database("blks_read"), rate_by_database("blks_hit")
    return [
        graph(
            "Connections by state",
            "What do connections do? `idle in transaction` holds locks while doing nothing.",
            [Query(f"sum by (state) (pg_stat_activity_count{{{DATA}}})", "{{state}}")],
            unit="none",
        ),
        graph(
            "Transactions",
            "How much work is there, and how much fails? Transactions a second.",
            [
                Query(rate_by_database("xact_commit"), "{{datname}} committed"),
                Query(rate_by_database("xact_rollback"), "{{datname}} rolled back"),
            ],
            unit="ops",
        ),
        graph(
            "Rows",
            "What kind of work is it? Rows fetched, inserted, updated and deleted a second.",
            [
                Query(rate_by_database(f"tup_{kind}"), f"{{{{datname}}}} {kind}")
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
        )
        .max(1)
        # A database of which no block is read has gaps.
        .fill_opacity(0)
        .span(12),
        graph(
            "Temporary files",
            "Do sorts and joins fit into `work_mem`? Bytes a second written to temporary files "
            "because they did not.",
            [Query(rate_by_database("temp_bytes"), "{{datname}}")],
            unit="Bps",
        ).span(12),
    ]


PAGE: Final = Page(
    uid=Uid.POSTGRES,
    title="PostgreSQL",
    description="The database, from its exporter.",
    variables=(instance_variable("pg_up"),),
    annotations=(all_alerts(),),
    rows=(
        Row("State", _state()),
        Row("Statements: which cost the time?", statements()),
        Row("Locks: who waits for whom?", waits()),
        Row("Work", _work()),
        Row("Upkeep: checkpoints, WAL, autovacuum", upkeep()),
        Row("Tables and indexes", sizes()),
        Row("Replicas", replicas()),
    ),
)
