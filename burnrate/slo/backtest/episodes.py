"""Alerts as they would have been: each from when it fires until it does not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from burnrate.slo.backtest.history import History, Piece


@dataclass(frozen=True, order=True)
class Episode:
    """One alert, as people would have been told of it.

    Attributes:
        begin: When it began to fire, in seconds since the epoch.
        end: The first evaluation at which it fired no more; None if it fires at the end.
        severity: The team's word for it.
        about: The labels that tell it from others of its name, such as a route; mostly empty.
    """

    begin: int
    alert: str
    severity: str
    end: int | None = None
    about: str = ""


@dataclass
class Episodes:
    """What fires, put together from single evaluations.

    Attributes:
        done: Those that have ended.
    """

    done: list[Episode] = field(default_factory=list)
    _open: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def say(self, time: int, alert: str, severity: str, *, fires: bool, about: str = "") -> None:
        """Say whether an alert fires at an evaluation."""
        key = (alert, severity, about)
        if fires:
            self._open.setdefault(key, time)
        elif (began := self._open.pop(key, None)) is not None:
            self.done.append(Episode(began, alert, severity, time, about))

    def all(self) -> Iterator[Episode]:
        """Yield them in the order of their beginnings, those that still fire too."""
        still = [
            Episode(began, alert, severity, None, about)
            for (alert, severity, about), began in self._open.items()
        ]
        yield from sorted(
            [*self.done, *still], key=lambda each: (each.begin, each.alert, each.about)
        )


@dataclass
class AskedAlert:
    """An alert whose query reads only what is scraped: Prometheus itself says when it fires.

    Attributes:
        for_seconds: How long its query must have had a value.
        every_seconds: From one evaluation of its group to the next.
    """

    alert: str
    severity: str
    query: str
    for_seconds: int
    every_seconds: int
    _active: dict[str, int] = field(default_factory=dict)

    def look(self, history: History, piece: Piece, since: int, episodes: Episodes) -> None:
        """Add what it does in a piece of history; before a moment it does nothing."""
        fires: dict[int, set[str]] = {}
        for series in history.over(self.query, piece):
            about = _about(series.labels)
            for index in series.indexes:
                fires.setdefault(index, set()).add(about)
        for index in range(piece.count):
            time = piece.begin + index * history.step
            if time >= since and time % self.every_seconds == 0:
                self._evaluate(time, fires.get(index, set()), episodes)

    def _evaluate(self, time: int, found: set[str], episodes: Episodes) -> None:
        for about in [each for each in self._active if each not in found]:
            del self._active[about]
            episodes.say(time, self.alert, self.severity, fires=False, about=about)
        for about in found:
            is_long = time - self._active.setdefault(about, time) >= self.for_seconds
            episodes.say(time, self.alert, self.severity, fires=is_long, about=about)


def _about(labels: Mapping[str, str]) -> str:
    return " ".join(value for name, value in sorted(labels.items(), reverse=True) if name != "job")
