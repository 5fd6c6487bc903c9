"""How events are counted over windows: by a ledger, or by `increase`, behind one interface."""

from burnrate.slo.generator.windows.counting import Counting, counting
from burnrate.slo.generator.windows.explanation import how_counted, way_of_counting
from burnrate.slo.generator.windows.names import (
    Rule,
    events_name,
    ledger_name,
    period_name,
    ratio_name,
    rule,
)

__all__ = [
    "Counting",
    "Rule",
    "counting",
    "events_name",
    "how_counted",
    "ledger_name",
    "period_name",
    "ratio_name",
    "rule",
    "way_of_counting",
]
