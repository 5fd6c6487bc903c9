"""What both ways of counting have in common, and which of them an SLO gets."""

from collections.abc import Sequence
from typing import Protocol

from burnrate.slo.generator.windows.increase import INCREASE
from burnrate.slo.generator.windows.ledger import LEDGER
from burnrate.slo.generator.windows.names import Rule
from burnrate.slo.specification import Slo
from burnrate.slo.windows import Window


class Counting(Protocol):
    """A way to count the events of windows and of the period, as PromQL."""

    def recovery(self, slo: Slo) -> Sequence[Rule]:
        """Return what looks far back, and is evaluated less often and before all others."""

    def base(self, slo: Slo) -> Sequence[Rule]:
        """Return the records that windows read, each after those that it reads."""

    def total(self, slo: Slo, window: Window) -> str:
        """Return the events a second over a window."""

    def bad(self, slo: Slo, window: Window) -> str:
        """Return the bad events a second over a window; what `total` gives is recorded before."""

    def in_period(self, slo: Slo, kind: str) -> str:
        """Return the events of the period; `kind` is bad or total."""

    def full_period(self, slo: Slo) -> str:
        """Return what makes the period's total that of a full period, or an empty text."""


def counting(slo: Slo) -> Counting:
    """Return how an SLO's events are counted."""
    return LEDGER if slo.has_ledger else INCREASE
