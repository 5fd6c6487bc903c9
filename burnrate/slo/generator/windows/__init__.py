"""How events are counted over windows: by a ledger, or by `increase`, behind one interface."""

from burnrate.slo.generator.windows.counting import Counting, counting
from burnrate.slo.generator.windows.explanation import how_counted, way_of_counting
from burnrate.slo.generator.windows.increase import raw_events
from burnrate.slo.generator.windows.ledger import (
    SAME_START_SECONDS,
    YOUNG_SECONDS,
    gained,
    previous,
)
from burnrate.slo.generator.windows.names import (
    IN_A_ROW,
    SERIES,
    UNRECOVERED,
    Rule,
    events_name,
    ledger_name,
    period_name,
    ratio_name,
    rule,
)
from burnrate.slo.generator.windows.observation import Observed, observed

__all__ = [
    "IN_A_ROW",
    "SAME_START_SECONDS",
    "SERIES",
    "UNRECOVERED",
    "YOUNG_SECONDS",
    "Counting",
    "Observed",
    "Rule",
    "counting",
    "events_name",
    "gained",
    "how_counted",
    "ledger_name",
    "observed",
    "period_name",
    "previous",
    "ratio_name",
    "raw_events",
    "rule",
    "way_of_counting",
]
