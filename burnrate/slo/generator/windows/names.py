"""The names of an SLO's records, and what a record is made of."""

from collections.abc import Mapping
from typing import Any, Final

from burnrate.slo.specification import Slo
from burnrate.slo.windows import Window

Rule = dict[str, Any]

# How long a ledger has counted.
HISTORY_SECONDS: Final = "slo:history:seconds"
# How many series a ledger counts; none where nothing is measured.
SERIES: Final = "slo:sli_series:count"
# How many good events there were at the last failure; there only while none has come since.
UNRECOVERED: Final = "slo:unrecovered:good_events"
# How many failures there were since the last good event.
IN_A_ROW: Final = "slo:failures_in_a_row:count"


def rule(slo: Slo, name: str, expr: str, labels: Mapping[str, str] | None = None) -> Rule:
    """Return a record; its labels are the SLO's unless others are given."""
    return {"record": name, "expr": expr, "labels": dict(slo.labels if labels is None else labels)}


def events_name(kind: str, window: Window) -> str:
    """Return the name of the events a second over a window; `kind` is bad or total."""
    return f"slo:{kind}_events:rate{window.name}"


def period_name(kind: str, slo: Slo) -> str:
    """Return the name of the events of the period; `kind` is bad or total."""
    return f"slo:{kind}_events:count{slo.period}"


def ratio_name(window: Window) -> str:
    """Return the name of the error ratio over a window."""
    return f"slo:sli_error:ratio_rate{window.name}"


def ledger_name(kind: str) -> str:
    """Return the name of an SLO's ledger: all its events since it began; kind is bad or total."""
    return f"slo:{kind}_events:total"
