"""What PostgreSQL writes and keeps: checkpoints, WAL, dead rows, tables, indexes, replicas."""

from typing import Final

from grafana.frame import Builder
from grafana.pages.postgres_series import OURS
from grafana.panels import GREEN, RED, YELLOW, Query, Steps, graph
from grafana.tables import Column, Label, table

_ALL: Final = "by (schemaname, relname)"
_EACH_INDEX: Final = "by (schemaname, relname, indexrelname)"

# Autovacuum itself waits for 50 and a fifth of the table.
_FEW_ROWS: Final = 1000


def _rate(metric: str) -> str:
    return f"sum(rate({metric}{{{OURS}}}[$__rate_interval]))"


def _increase(metric: str) -> str:
    return f"sum(increase({metric}{{{OURS}}}[$__rate_interval]))"


def _sum(metric: str) -> str:
    return f"sum {_ALL} ({metric}{{{OURS}}})"


def upkeep() -> list[Builder]:
    """Return what PostgreSQL does besides answering."""
    return [
        graph(
            "Checkpoints",
            "Does the WAL fill before it is time for a checkpoint? Checkpoints a second because "
            "it was time, and because the WAL was full: those are too many where `max_wal_size` is "
            "too small.",
            [
                Query(_rate("pg_checkpoint_timed_total"), "it was time"),
                Query(_rate("pg_checkpoint_requested_total"), "the WAL was full"),
            ],
            unit="ops",
        ).span(6),
        graph(
            "Time in checkpoints",
            "Do checkpoints slow the disk? How long those that ended just then wrote, which "
            "they spread over minutes on purpose, and waited for the disk to have written, which "
            "slows others.",
            [
                # They count when they end: as a share of time it would be several times all of it.
                Query(_increase("pg_checkpoint_write_seconds_total"), "writing"),
                Query(_increase("pg_checkpoint_sync_seconds_total"), "waiting for the disk"),
            ],
            unit="s",
        ).span(6),
        graph(
            "WAL",
            "How much is written? Bytes of WAL a second: what replicas and backups have to follow.",
            [Query(_rate("pg_wal_written_bytes_total"), "written")],
            unit="Bps",
        ).span(6),
        graph(
            "Autovacuum",
            "Does autovacuum run? How often it cleaned up a table; none for long on a database "
            "that changes rows leaves dead ones behind.",
            [
                Query(
                    f"sum by (relname) (increase(pg_table_autovacuums_total{{{OURS}}}"
                    "[$__rate_interval]))",
                    "{{relname}}",
                )
            ],
            unit="none",
        )
        .decimals(0)
        .span(6),
    ]


def sizes() -> list[Builder]:
    """Return the largest tables and indexes."""
    dead, live = _sum("pg_table_dead_rows"), _sum("pg_table_live_rows")
    scans = f"sum {_EACH_INDEX} (increase(pg_index_scans_total{{{OURS}}}[$__range]))"
    cleaned = f"max {_ALL} (pg_table_vacuumed_timestamp_seconds{{{OURS}}})"
    read_whole = (
        f"sum {_ALL} (increase(pg_table_sequential_scans_total{{{OURS}}}[$__range])) / $__range_s"
    )
    return [
        table(
            "Tables",
            "Which tables are large, or full of dead rows? The thirty largest. Their dead rows are "
            "a share of all, shown from a thousand on: before, cleaning up is not worth it. Many "
            "sequential scans of a large table want an index.",
            [Label("schemaname", "Schema", width=80), Label("relname", "Table")],
            [
                Column("Size", _sum("pg_table_bytes"), "bytes"),
                Column("Indexes", _sum("pg_table_index_bytes"), "bytes"),
                Column("Rows", live, "short", decimals=0),
                Column(
                    "Dead rows",
                    f"({dead} > {_FEW_ROWS}) / ({dead} + {live}) or {live} * 0",
                    "percentunit",
                    Steps(GREEN, ((0.3, YELLOW), (0.6, RED))),
                    decimals=0,
                    words=((0, "few"),),
                ),
                Column(
                    "Cleaned up",
                    f"(time() - ({cleaned} > 0)) or {live} * 0",
                    "s",
                    decimals=0,
                    words=((0, "never"),),
                ),
                Column("Sequential scans", read_whole, "ops", decimals=2),
            ],
            empty="this database has no table",
            sort_by="Size",
        ).height(7),
        table(
            "Indexes",
            "Which indexes are large, or not used? The thirty largest, and how often each was read "
            "in the dashboard's time range.",
            [
                Label("schemaname", "Schema", width=80),
                Label("relname", "Table"),
                Label("indexrelname", "Index"),
            ],
            [
                Column(
                    "Size",
                    f"sum {_EACH_INDEX} (pg_index_bytes{{{OURS}}})",
                    "bytes",
                    width=100,
                ),
                Column("Scans", scans, "short", decimals=0, width=80),
            ],
            empty="this database has no index",
            sort_by="Size",
        ).height(8),
    ]


def replicas() -> list[Builder]:
    """Return how far replicas are behind; there is none in the shipped stack."""
    none = "this server has no replica"
    by = "max by (application_name, client)"
    return [
        graph(
            "Replicas' delay",
            "Are replicas behind? How long the newest WAL that a replica has replayed took to get "
            "there. Empty without replicas.",
            [Query(f"{by} (pg_replica_lag_seconds{{{OURS}}})", "{{application_name}} {{client}}")],
            unit="s",
            steps=Steps(GREEN, ((10, YELLOW), (60, RED))),
            empty=none,
        ).span(12),
        graph(
            "Replicas' backlog",
            "How much do they have to replay? Bytes of WAL. Empty without replicas.",
            [Query(f"{by} (pg_replica_lag_bytes{{{OURS}}})", "{{application_name}} {{client}}")],
            unit="bytes",
            empty=none,
        ).span(12),
    ]
