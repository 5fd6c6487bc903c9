"""What is made of SLOs: recording and alerting rules, their promtool tests, the inhibition."""

from burnrate.slo.generator.alerting import (
    Group,
    groups,
    service_alerts,
)
from burnrate.slo.generator.detection_table import detection_lines
from burnrate.slo.generator.files import Tree, configured, generated, stale, unit_tests, write
from burnrate.slo.generator.input_series import event_steps, has_input_series
from burnrate.slo.generator.obeyed import kept_groups
from burnrate.slo.generator.standalone import file_name, leftovers, rule_files, rule_groups, rules
from burnrate.slo.generator.windows import (
    SAME_START_SECONDS,
    SERIES,
    YOUNG_SECONDS,
    Observed,
    events_name,
    how_counted,
    ledger_name,
    observed,
    raw_events,
)
from burnrate.slo.generator.written_rules import linked, with_identity, with_team_labels

__all__ = [
    "SAME_START_SECONDS",
    "SERIES",
    "YOUNG_SECONDS",
    "Group",
    "Observed",
    "Tree",
    "configured",
    "detection_lines",
    "event_steps",
    "events_name",
    "file_name",
    "generated",
    "groups",
    "has_input_series",
    "how_counted",
    "kept_groups",
    "ledger_name",
    "leftovers",
    "linked",
    "observed",
    "raw_events",
    "rule_files",
    "rule_groups",
    "rules",
    "service_alerts",
    "stale",
    "unit_tests",
    "with_identity",
    "with_team_labels",
    "write",
]
