"""What is made of SLOs: recording and alerting rules, their promtool tests, the inhibition."""

from burnrate.slo.generator.alerting import Group, groups
from burnrate.slo.generator.files import Tree, configured, generated, stale, write
from burnrate.slo.generator.input_series import event_steps
from burnrate.slo.generator.standalone import rule_files, rules
from burnrate.slo.generator.windows import events_name, how_counted, ledger_name
from burnrate.slo.generator.written_rules import with_identity

__all__ = [
    "Group",
    "Tree",
    "configured",
    "event_steps",
    "events_name",
    "generated",
    "groups",
    "how_counted",
    "ledger_name",
    "rule_files",
    "rules",
    "stale",
    "with_identity",
    "write",
]
