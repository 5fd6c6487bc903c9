"""Stack health: the state of everything that measures, stores and alerts."""

from typing import Final

from grafana_foundation_sdk.models.dashboard import GridPos

from grafana.frame import Builder, Page, Row, all_alerts, firing
from grafana.lines import NO_ERROR, log_lines, readable
from grafana.panels import GREEN, NONE_ALLOWED, RED, UP, YELLOW, Query, Steps, graph, stat
from grafana.places import Uid
from grafana.tables import Column, Label, label_table, table

_ZERO: Final = Steps(GREEN, ((0.01, RED),))

_WATCHDOG: Final = "inbox_watchdog_last_seen_timestamp_seconds"
# Stands for more seconds than any stack has run.
_NEVER: Final = 1e12
# An exporter is up while what it is about is not.
_UP: Final = '{__name__=~"up|pg_up|redis_up|nginx_up"}'


def _rate(metric: str, by: str = "") -> str:
    grouped = f"sum by ({by})" if by else "sum"
    return f"{grouped} (rate({metric}[$__rate_interval]))"


def _discarded() -> str:
    """Return the lines that Loki rejected; the counter does not exist before its first event."""
    none = 'label_replace(vector(0), "reason", "none", "", "")'
    return f"{_rate('loki_discarded_samples_total', 'reason')} or {none}"


# The label is a file's path, which says nothing, and the group's name.
_GROUP_SECONDS: Final = (
    "label_replace(prometheus_rule_group_last_duration_seconds,"
    ' "group", "$1", "rule_group", ".*;(.+)")'
)


def _state() -> list[Builder]:
    return [
        table(
            "Parts",
            "Is every part up? Whether Prometheus reaches it, or its exporter does, how long a "
            "scrape takes, and how many samples it returns. Those that are down are on top; what "
            "does not run here is not listed.",
            [Label("service", "Part"), Label("job", "Asked by job")],
            [
                Column("Up", f"min by (service, job) ({_UP})", "bool_yes_no", UP),
                Column(
                    "Scrape takes",
                    "max by (service, job) (scrape_duration_seconds)",
                    "s",
                    Steps(GREEN, ((1, YELLOW), (4, RED))),
                ),
                Column("Samples", "sum by (service, job) (scrape_samples_scraped)", "short"),
            ],
            empty="Prometheus has no target",
            sort_by="Up",
            smallest_first=True,
        ).grid_pos(GridPos(h=12, w=12, x=0, y=1)),
        label_table(
            "Firing alerts",
            "What fires now, anywhere? Empty on a healthy stack.",
            Query(firing()),
            [
                Label("alertname", "Alert", width=200),
                Label("severity", "Severity", width=75),
                Label("service", "Service"),
                Label("instance", "Instance"),
            ],
            empty="no alert is firing",
        ).grid_pos(GridPos(h=12, w=8, x=12, y=1)),
        stat(
            "Watchdog's age",
            "Would an alert arrive? Time since the watchdog alert, which always fires, last "
            "reached the inbox; it comes about once a minute. Red: alerts no longer arrive.",
            Query(f"time() - max({_WATCHDOG} > 0) or 0 * max({_WATCHDOG}) + {_NEVER:.0f}"),
            unit="s",
            decimals=0,
            steps=Steps(GREEN, ((300, YELLOW), (600, RED))),
            words=(_NEVER, "never"),
        ).grid_pos(GridPos(h=6, w=4, x=20, y=1)),
        stat(
            "Rule failures",
            "Do rules fail? Failed evaluations within the dashboard's time range; 0 on a "
            "healthy stack.",
            Query("sum(increase(prometheus_rule_evaluation_failures_total[$__range]))"),
            unit="none",
            decimals=0,
            steps=NONE_ALLOWED,
        ).grid_pos(GridPos(h=6, w=4, x=20, y=7)),
    ]


def _prometheus() -> list[Builder]:
    rejected = ("out_of_order", "duplicate_timestamp", "out_of_bounds")
    return [
        graph(
            "Rule groups",
            "Are rules evaluated in time? How long each group took, of 15 s, or 2 min for tickets.",
            [
                Query(
                    f"max by (group) ({_GROUP_SECONDS})",
                    "{{group}}",
                )
            ],
            unit="s",
            steps=Steps(GREEN, ((5, YELLOW), (15, RED))),
        ),
        graph(
            "Series",
            "Does a label have too many values? Series in memory; a steady rise means a label "
            "without bounds.",
            [Query("sum(prometheus_tsdb_head_series)", "series")],
            unit="short",
        ),
        graph(
            "Samples",
            "How much is collected? Samples a second.",
            [Query(_rate("prometheus_tsdb_head_samples_appended_total"), "samples")],
            unit="short",
        ),
        graph(
            "Rejected samples",
            "Is anything lost? Samples a second that Prometheus rejected. 0 on a healthy stack.",
            [
                Query(_rate(f"prometheus_target_scrapes_sample_{reason}_total"), reason)
                for reason in rejected
            ],
            unit="short",
            is_rare=True,
            steps=_ZERO,
        ),
        graph(
            "Missed evaluations",
            "Were rules skipped? Evaluations a second that were skipped because the one before "
            "was not finished. 0 on a healthy stack.",
            [Query(_rate("prometheus_rule_group_iterations_missed_total"), "missed")],
            unit="ops",
            steps=_ZERO,
        ),
        graph(
            "Slowest scrapes",
            "Which parts answer slowly? The duration of the five slowest scrapes.",
            [Query("topk(5, max by (service, job) (scrape_duration_seconds))", "{{job}}")],
            unit="s",
            steps=Steps(GREEN, ((1, YELLOW), (4, RED))),
        ),
    ]


def _alerting() -> list[Builder]:
    sent = "alertmanager_notifications"
    return [
        graph(
            "Alerts from Prometheus",
            "Do alerts reach Alertmanager? Alerts sent a second, and failed or dropped ones, "
            "which are 0 on a healthy stack.",
            [
                Query(_rate("prometheus_notifications_sent_total"), "sent"),
                Query(_rate("prometheus_notifications_errors_total"), "failed"),
                Query(_rate("prometheus_notifications_dropped_total"), "dropped"),
            ],
            unit="ops",
        ),
        graph(
            "Notifications",
            "Do notifications reach the inbox? Notifications that Alertmanager sent a second, "
            "and failed ones, which are 0 on a healthy stack.",
            [
                Query(_rate(f'{sent}_total{{integration="webhook"}}'), "sent"),
                Query(_rate(f'{sent}_failed_total{{integration="webhook"}}'), "failed"),
            ],
            unit="ops",
        ),
        graph(
            "Deliveries to the inbox",
            "Are deliveries stored? Deliveries a second by outcome.",
            [Query(_rate("inbox_deliveries_total", "outcome"), "{{outcome}}")],
            unit="ops",
        ),
    ]


def _logs_and_traces() -> list[Builder]:
    return [
        graph(
            "Log streams",
            "Does a label have too many values? Streams in Loki's memory: a few for each "
            "service, never one for each request.",
            [Query("sum(loki_ingester_memory_streams)", "streams")],
            unit="short",
            steps=Steps(GREEN, ((100, YELLOW), (1000, RED))),
            empty="Loki does not run here, or has not had a line yet",
        ),
        graph(
            "Log lines",
            "How much is written? Lines a second that Loki accepted.",
            [Query(_rate("loki_distributor_lines_received_total"), "lines")],
            unit="short",
            empty="Loki does not run here, or has not had a line yet",
        ),
        graph(
            "Rejected lines",
            "Is anything lost? Lines a second that Loki rejected, by reason. 0 on a healthy stack.",
            [Query(_discarded(), "{{reason}}")],
            unit="short",
            is_rare=True,
            steps=_ZERO,
        ),
        graph(
            "Lines sent to Loki",
            "Do lines reach Loki? Lines that Alloy sent a second, and dropped ones, which are 0"
            " on a healthy stack.",
            [
                Query(_rate("loki_write_sent_entries_total"), "sent"),
                Query(_rate("loki_write_dropped_entries_total"), "dropped"),
            ],
            unit="short",
            empty="Alloy does not run here",
        ),
        graph(
            "Spans",
            "Do traces arrive? Spans that Tempo accepted a second, and refused ones, which are "
            "0 on a healthy stack.",
            [
                Query(_rate("tempo_distributor_spans_received_total"), "taken"),
                Query(_rate("tempo_receiver_refused_spans"), "refused"),
            ],
            unit="short",
            empty="Tempo does not run here",
        ),
        graph(
            "Memory of the parts",
            "Does a part grow? Resident memory of each part.",
            [Query("sum by (job) (process_resident_memory_bytes)", "{{job}}")],
            unit="bytes",
        ),
        log_lines(
            "Errors of the stack",
            "What do the parts themselves report? Lines of level error and above. Empty while "
            "there are none.",
            readable(
                '{service=~"prometheus|alertmanager|loki|tempo|alloy|grafana|inbox|.+-exporter",'
                f' level=~"error|critical"}} {NO_ERROR}'
            ),
            empty="no part reported an error in this time range",
        ),
    ]


PAGE: Final = Page(
    uid=Uid.STACK,
    title="Stack health",
    description="The state of everything that measures, stores and alerts.",
    annotations=(all_alerts(),),
    has_logs=True,
    rows=(
        Row("Is every part up?", _state()),
        Row("Metrics and rules", _prometheus()),
        Row("Alerts: do they arrive?", _alerting()),
        Row("Logs and traces", _logs_and_traces()),
    ),
)
