"""How events are counted over windows: by a ledger, or by `increase`, behind one interface."""

from burnrate.slo.generator.windows.counting import Counting, counting
from burnrate.slo.generator.windows.explanation import how_counted, way_of_counting
from burnrate.slo.generator.windows.increase import raw_events
from burnrate.slo.generator.windows.ledger import (
    SAME_START_SECONDS,
    YOUNG_SECONDS,
    just_gained,
    previous,
)
from burnrate.slo.generator.windows.names import (
    AT_LAST_FAILURE,
    AT_LAST_GOOD,
    SERIES,
    Rule,
    events_name,
    ledger_name,
    period_name,
    ratio_name,
    rule,
)
from burnrate.slo.generator.windows.observation import Observed, observed

__all__ = [
    "AT_LAST_FAILURE",
    "AT_LAST_GOOD",
    "SAME_START_SECONDS",
    "SERIES",
    "YOUNG_SECONDS",
    "Counting",
    "Observed",
    "Rule",
    "counting",
    "events_name",
    "how_counted",
    "just_gained",
    "ledger_name",
    "observed",
    "period_name",
    "previous",
    "ratio_name",
    "raw_events",
    "rule",
    "way_of_counting",
]
