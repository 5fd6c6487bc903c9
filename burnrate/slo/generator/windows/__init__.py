"""How events are counted over windows: by a ledger, or by `increase`, behind one interface."""

from burnrate.slo.generator.windows.counting import Counting, counting
from burnrate.slo.generator.windows.explanation import how_counted, way_of_counting
from burnrate.slo.generator.windows.ledger import previous
from burnrate.slo.generator.windows.names import (
    AT_LAST_FAILURE,
    AT_LAST_GOOD,
    Rule,
    events_name,
    ledger_name,
    period_name,
    ratio_name,
    rule,
)

__all__ = [
    "AT_LAST_FAILURE",
    "AT_LAST_GOOD",
    "Counting",
    "Rule",
    "counting",
    "events_name",
    "how_counted",
    "ledger_name",
    "period_name",
    "previous",
    "ratio_name",
    "rule",
    "way_of_counting",
]
