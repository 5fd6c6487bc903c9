"""An SLO's events in windows, evaluation by evaluation, as its rules would have recorded them."""

from collections.abc import Iterator
from typing import Protocol

from burnrate.slo.backtest.history import History, Piece
from burnrate.slo.backtest.increase import IncreaseCourse
from burnrate.slo.backtest.ledger import LedgerReplay
from burnrate.slo.simulation import Simulation, TierRules, rules_of
from burnrate.slo.specification import BudgetReset, Slo
from burnrate.slo.windows import DAY, EVALUATION_SECONDS


class Course(Protocol):
    """What the rules know at one evaluation after the other."""

    def evaluations(self, piece: Piece) -> Iterator[bool]:
        """Go through the evaluations of a piece; yield whether something is measured."""

    def fires(self, tier: TierRules) -> bool:
        """Return whether a tier fires now."""

    def period(self) -> tuple[float, float] | None:
        """Return the bad and all events of the period; a young one's as if it were full.

        None where nothing is known of them.
        """


def course(slo: Slo, history: History, begin: int, count: int) -> Course:
    """Return the course of an SLO over so many evaluations."""
    if slo.has_ledger:
        return LedgerCourse(slo, history, begin)
    return IncreaseCourse(slo, history, begin, count)


class LedgerCourse:
    """The course of an SLO with a ledger."""

    def __init__(self, slo: Slo, history: History, begin: int) -> None:
        self._replay = LedgerReplay(slo, history)
        self._simulation = Simulation(rules_of(slo, history.step), history.step)
        self._period = slo.period_days * DAY // history.step
        self._is_measured = False
        self._reset = _reset_index(slo.settings.reset, begin, history.step)

    def evaluations(self, piece: Piece) -> Iterator[bool]:
        """Book the events of each evaluation."""
        for events in self._replay.events(piece):
            if events is None:
                self._simulation.miss()
            else:
                self._simulation.count(*events)
            self._is_measured = events is not None
            yield self._is_measured

    def fires(self, tier: TierRules) -> bool:
        """Return whether a tier fires now."""
        return self._is_measured and self._simulation.fires(tier)

    def period(self) -> tuple[float, float] | None:
        """Return the events since the period, or the last reset, began."""
        simulation, reset = self._simulation, self._reset
        if not simulation.has_history:
            return None
        last = len(simulation.total) - 1
        if reset is None or not max(0, last - self._period) <= reset <= last:
            return simulation.window(self._period)
        bad, total = (each[-1] - each[reset] for each in (simulation.bad, simulation.total))
        counted = max(last - reset, EVALUATION_SECONDS / simulation.every_seconds)
        return bad, total * self._period / counted


def _reset_index(reset: BudgetReset | None, begin: int, step: int) -> int | None:
    if reset is None or reset.at.timestamp() < begin:
        return None
    return int((reset.at.timestamp() - begin) // step)
