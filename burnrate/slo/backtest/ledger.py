"""The ledger of an SLO, booked anew from what instances counted.

It does in memory what the rules of `generator/windows/ledger.py` do; what those read of themselves
is remembered here, and all else is asked of Prometheus by the same queries.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from burnrate.slo.backtest.history import History, Piece, Sampled
from burnrate.slo.generator import SAME_START_SECONDS, YOUNG_SECONDS, observed
from burnrate.slo.specification import Slo, Term
from burnrate.slo.windows import DAY

# A scrape that fails now and then is no gap.
_MEASURED_SECONDS = 300
_Instance = tuple[str, str]


@dataclass
class _Balance:
    """The sum of a query's terms, which may fall, and the ledger, which does not."""

    terms: Sequence[Term]
    sum: float = 0
    ledger: float = 0

    def book(self, gains: dict[str, list[float]], index: int) -> float:
        for term in self.terms:
            gained = gains[term.name][index]
            self.sum += gained if term.is_added else -gained
        before = self.ledger
        self.ledger = max(self.sum, before)
        return self.ledger - before

    def forget(self) -> None:
        self.sum = self.ledger = 0


@dataclass
class LedgerReplay:
    """A ledger, fed with pieces of history one after the other."""

    slo: Slo
    history: History
    _counted: dict[tuple[str, _Instance], tuple[float, int]] = field(default_factory=dict)
    _started: dict[_Instance, tuple[float, int]] = field(default_factory=dict)
    _series_at: int | None = None
    _booked_at: int | None = None

    def __post_init__(self) -> None:
        self._observed = observed(self.slo)
        self._total, self._bad = (_Balance(self.slo.terms(kind)) for kind in ("total", "bad"))
        self._a_day = DAY // self.history.step

    def events(self, piece: Piece) -> Iterator[tuple[float, float] | None]:
        """Yield the good and bad events of each evaluation, or None where nothing is measured."""
        series = self.history.over(self._observed.series, piece)
        is_present = list(self._presence(series, piece))
        fresh, started = self._starts(piece, self._known_since(is_present, piece))
        gains = {
            term.name: self._gains(term, query, piece, fresh, started)
            for term, query in self._observed.counts.items()
        }
        for index, is_measured in enumerate(is_present):
            yield self._book(gains, index, piece) if is_measured else None

    def _presence(self, series: Sequence[Sampled], piece: Piece) -> Iterator[bool]:
        longest = _MEASURED_SECONDS - (0 if self.history.holds_both_ends else 1)
        counted = {index for each in series for index in each.indexes}
        for index in range(piece.count):
            if index in counted:
                self._series_at = piece.first + index
            at = self._series_at
            ago = None if at is None else (piece.first + index - at) * self.history.step
            yield ago is not None and ago <= longest

    def _known_since(self, is_present: Sequence[bool], piece: Piece) -> list[float]:
        """Return from when on a process has to have started for all that it counted to be new."""
        made: list[float] = []
        last = self._booked_at
        for index, is_measured in enumerate(is_present):
            now = piece.begin + index * self.history.step
            young = now - YOUNG_SECONDS
            at = piece.first + index
            is_known = last is not None and at - last <= self._a_day
            seen = now - (at - (last or 0)) * self.history.step
            made.append(min(seen, young) if is_known else young)
            if is_measured:
                last = at
        return made

    def _starts(
        self, piece: Piece, known_since: Sequence[float]
    ) -> tuple[dict[_Instance, set[int]], dict[_Instance, set[int]]]:
        """Return at which evaluations an instance is a new process, and at which it tells."""
        fresh: dict[_Instance, set[int]] = {}
        told: dict[_Instance, set[int]] = {}
        for series in self.history.over(self._observed.starts, piece):
            name = _instance(series)
            value, at = self._started.get(name, (0.0, None))
            found = set()
            for index, start in zip(series.indexes, series.values, strict=True):
                if at is not None and piece.first + index - at <= self._a_day:
                    is_fresh = abs(start - value) > SAME_START_SECONDS
                else:
                    is_fresh = start > known_since[index]
                if is_fresh:
                    found.add(index)
                value, at = start, piece.first + index
            fresh[name], told[name] = found, set(series.indexes)
            if at is not None:
                self._started[name] = (value, at)
        return fresh, told

    def _gains(
        self,
        term: Term,
        query: str,
        piece: Piece,
        fresh: dict[_Instance, set[int]],
        started: dict[_Instance, set[int]],
    ) -> list[float]:
        """Return what all instances gained at each evaluation."""
        gains = [0.0] * piece.count
        for series in self.history.over(query, piece):
            name = _instance(series)
            new, told = fresh.get(name, set()), started.get(name, set())
            value, at = self._counted.get((term.name, name), (0.0, None))
            for index, now in zip(series.indexes, series.values, strict=True):
                is_known = at is not None and piece.first + index - at <= self._a_day
                if is_known and now >= value:
                    gains[index] += now - value
                elif index in new or (is_known and index not in told):
                    gains[index] += now
                value, at = now, piece.first + index
            if at is not None:
                self._counted[term.name, name] = (value, at)
        return gains

    def _book(self, gains: dict[str, list[float]], index: int, piece: Piece) -> tuple[float, float]:
        at = piece.first + index
        if self._booked_at is None or at - self._booked_at > self._a_day:
            self._total.forget()
            self._bad.forget()
        self._booked_at = at
        total, bad = self._total.book(gains, index), self._bad.book(gains, index)
        return total - bad, bad


def _instance(series: Sampled) -> _Instance:
    return series.labels.get("job", ""), series.labels.get("instance", "")
