"""The course of an SLO whose windows are counted with `increase`, without a ledger."""

from array import array
from collections.abc import Callable, Iterator
from math import isnan, nan
from typing import Final

from burnrate.slo.backtest.history import History, Piece
from burnrate.slo.generator import raw_events
from burnrate.slo.simulation import Simulation, TierRules, rules_of
from burnrate.slo.specification import Slo
from burnrate.slo.windows import DAY, M5, WINDOWS, Window

# If a record was not written at that moment, an older one is taken.
_LOOKBACK_SECONDS: Final = 600
_Rates = tuple["array[float]", "array[float]"]


class IncreaseCourse:
    """Events a second of each window at each evaluation; NaN where there is no record."""

    def __init__(self, slo: Slo, history: History, begin: int, count: int) -> None:
        self._slo, self._history, self._count = slo, history, count
        self._rates: dict[str, _Rates] = {}
        self._at = -1
        self._period_seconds = slo.period_days * DAY
        self._simulation = _Windows(self, rules_of(slo, history.step), history.step)
        for window in WINDOWS:
            self._rates[window.name] = (
                self._raw(window, begin) if window.part is None else self._joined(window)
            )
        # Subqueries look at whole five minutes.
        self._first = -begin // M5.seconds * -M5.seconds - begin
        bad, total = self._rates[M5.name]
        self._sums = tuple(
            self._summed(rates, lambda rate: rate * M5.seconds) for rates in (bad, total)
        )
        self._known = self._summed(total, lambda _: 1)

    def evaluations(self, piece: Piece) -> Iterator[bool]:
        """Go through the evaluations of a piece."""
        for index in range(piece.first, piece.first + piece.count):
            self._at = index
            yield not isnan(self._rates[M5.name][1][index])

    def fires(self, tier: TierRules) -> bool:
        """Return whether a tier fires now."""
        return self._simulation.fires(tier)

    def period(self) -> tuple[float, float] | None:
        """Return the events of the period: sums of five minutes."""
        if not self._in_period(self._known):
            return None
        bad, total = (self._in_period(sums) for sums in self._sums)
        return bad, total

    def window(self, evaluations: int) -> tuple[float, float]:
        """Return the bad and all events of a window that ends now."""
        seconds = evaluations * self._history.step
        name = next(each.name for each in WINDOWS if each.seconds == seconds)
        bad, total = (rates[self._at] for rates in self._rates[name])
        return (0, 0) if isnan(bad) or isnan(total) else (bad * seconds, total * seconds)

    def _raw(self, window: Window, begin: int) -> _Rates:
        bad, total = (array("d", [nan]) * self._count for _ in range(2))
        for piece in self._history.pieces(begin, self._count):
            for kind, rates in (("bad", bad), ("total", total)):
                for series in self._history.over(raw_events(self._slo, kind, window), piece):
                    for index, value in zip(series.indexes, series.values, strict=True):
                        rates[piece.first + index] = value
        for index, value in enumerate(bad):
            # Without a bad event there are 0 of them; where nothing is counted, none are known.
            is_unknown = isnan(total[index])
            bad[index] = nan if is_unknown else 0 if isnan(value) else max(value, 0)
        return bad, total

    def _joined(self, window: Window) -> _Rates:
        assert window.part is not None  # noqa: S101 - asked for by the caller
        parts = window.seconds // window.part.seconds
        apart = window.part.seconds // self._history.step
        bad, total = (
            _mean(rates, _carried(rates, _LOOKBACK_SECONDS // self._history.step), parts, apart)
            for rates in self._rates[window.part.name]
        )
        return bad, total

    def _summed(self, rates: "array[float]", of: Callable[[float], float]) -> list[float]:
        """Return the running sum of what is made of the rates of whole five minutes."""
        sums, apart = [0.0], M5.seconds // self._history.step
        for index in range(self._first // self._history.step, self._count, apart):
            value = rates[index]
            sums.append(sums[-1] + (0 if isnan(value) else of(value)))
        return sums

    def _in_period(self, sums: list[float]) -> float:
        last = (self._at * self._history.step - self._first) // M5.seconds + 1
        first = last - self._period_seconds // M5.seconds
        return sums[max(last, 0)] - sums[max(first, 0)]


class _Windows(Simulation):
    """The conditions of tiers, on windows that are not its own."""

    def __init__(self, course: IncreaseCourse, tiers: tuple[TierRules, ...], every: int) -> None:
        super().__init__(tiers, every)
        self._course = course

    def window(self, evaluations: int) -> tuple[float, float]:
        """Return the events of the course's window."""
        return self._course.window(evaluations)


def _carried(rates: "array[float]", most: int) -> "array[float]":
    """Return rates that last for so many evaluations after they were recorded."""
    made, last, age = array("d", rates), nan, 0
    for index, value in enumerate(rates):
        if not isnan(value):
            last, age = value, 0
        elif age < most:
            age += 1
            made[index] = last
    return made


def _mean(rates: "array[float]", carried: "array[float]", parts: int, apart: int) -> "array[float]":
    """Return the mean of what was recorded now and, at equal distances, before."""
    made = array("d", rates)
    for index, value in enumerate(rates):
        if isnan(value):
            continue
        total = value
        for at in range(index - apart, index - parts * apart, -apart):
            earlier = carried[at] if at >= 0 else nan
            total += 0 if isnan(earlier) else earlier
        made[index] = total / parts
    return made
