"""What a backtest found, for people and for programs."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from burnrate.slo.backtest.episodes import Episode
from burnrate.slo.backtest.replay import Replayed
from burnrate.slo.specification import number
from burnrate.slo.windows import DAY, HOUR

_BOTH: Final = "both"
_MINUTE: Final = 60


def report(new: Replayed, old: Replayed | None = None) -> str:
    """Return the report about an SLO in lines, with an old specification beside the new one."""
    return "\n".join([*_head(new, old), *_alerts(new, old), *_budget(new, old), ""])


def as_json(replayed: Replayed) -> dict[str, object]:
    """Return it as a document for programs; times are seconds since the epoch."""
    span = replayed.span
    return {
        "service": replayed.service,
        "slo": replayed.slo.name,
        "objective_percent": replayed.slo.spec.objective,
        "since": span.since,
        "until": span.until,
        "step_seconds": replayed.step,
        "sample_seconds": replayed.sample_seconds,
        "first_measured": replayed.first,
        "missing_seconds": replayed.missing_seconds,
        "measured_days": round(replayed.measured_seconds / DAY, 3),
        "not_looked_at": list(replayed.unknown),
        "alerts": [
            {
                "alert": each.alert,
                "severity": each.severity,
                "about": each.about,
                "begin": each.begin,
                "end": each.end,
            }
            for each in replayed.episodes
        ],
        "budget_left": [
            {"at": at, "ratio": None if left is None else round(left, 6)}
            for at, left in replayed.budget
        ],
    }


def _head(new: Replayed, old: Replayed | None) -> Iterator[str]:
    promises = dict.fromkeys(_promise(each) for each in (old, new) if each is not None)
    yield f"# {new.service}: {new.slo.name}, {' -> '.join(promises)}"
    yield ""
    span = new.span
    apart = "" if new.sample_seconds is None else f", of samples {new.sample_seconds} s apart"
    yield (
        f"{_time(span.since)} to {_time(span.until)} (UTC), evaluated every {new.step} s{apart}:"
        " nothing shorter is seen."
    )
    if new.first is None or not new.measured_seconds:
        yield "Nothing was measured in all that time."
        return
    asked = span.until - span.since
    if new.first > span.since:
        yield (
            f"There is history since {_time(new.first)} only: {_long(span.until - new.first)} of"
            f" {_long(asked)}."
        )
    if new.missing_seconds:
        yield f"Nothing was measured for {_long(new.missing_seconds)} of that, in all."
    if new.unknown:
        yield f"Not looked at: {', '.join(new.unknown)}."


def _promise(replayed: Replayed) -> str:
    slo = replayed.slo
    return f"{number(100 * slo.objective)} % in {slo.period_days} days"


def _alerts(new: Replayed, old: Replayed | None) -> Iterator[str]:
    yield ""
    if old is not None:
        yield f"old: {_counts(old)}"
    yield f"{'new: ' if old else ''}{_counts(new)}"
    rows = [_row(*each, new.span.until) for each in _compared(new, old)]
    if rows:
        heads = ("begins (UTC)", "length", "severity", "alert", "in")
        yield from ("", *_table([heads, *rows], columns=4 if old is None else 5))


def _counts(replayed: Replayed) -> str:
    words = sorted(each.severity for each in replayed.episodes)
    counted = [(word, len(list(some))) for word, some in groupby(words)]
    shown = (f"{count} {word}{'s' if count > 1 else ''}" for word, count in counted)
    return ", ".join(shown) or (
        "no alert" if replayed.measured_seconds else "no alert (nothing was measured)"
    )


def _compared(new: Replayed, old: Replayed | None) -> list[tuple[Episode, str, Episode | None]]:
    """Return all alerts with whose they are, and what the old one of the same beginning was."""
    if old is None:
        return [(each, "", None) for each in new.episodes]
    before = {_key(each): each for each in old.episodes}
    found = [
        (each, _BOTH if _key(each) in before else "new", before.pop(_key(each), None))
        for each in new.episodes
    ]
    gone: list[tuple[Episode, str, Episode | None]] = [
        (each, "old", None) for each in before.values()
    ]
    return sorted([*found, *gone], key=lambda each: each[0].begin)


def _key(episode: Episode) -> tuple[int, str, str, str]:
    return episode.begin, episode.alert, episode.severity, episode.about


def _row(episode: Episode, whose: str, before: Episode | None, until: int) -> tuple[str, ...]:
    length = _length(episode, until)
    if before is not None and before.end != episode.end:
        length = f"{length}, old {_length(before, until)}"
    name = f"{episode.alert} {episode.about}".rstrip()
    return _time(episode.begin), length, episode.severity, name, whose


def _length(episode: Episode, until: int) -> str:
    if episode.end is None:
        return f"over {_long(until - episode.begin)}"
    return _long(episode.end - episode.begin)


def _budget(new: Replayed, old: Replayed | None) -> Iterator[str]:
    if not new.budget and not (old and old.budget):
        return
    yield from ("", "Budget left", "")
    columns = [dict(each.budget) for each in (old, new) if each is not None]
    heads = ("at (UTC)", "old", "new") if old is not None else ("at (UTC)", "left")
    times = sorted({at for column in columns for at in column})
    rows = [
        (_time(at), *(_share(column[at]) if at in column else "" for column in columns))
        for at in times
    ]
    yield from _table([heads, *rows], columns=len(heads))


def _share(left: float | None) -> str:
    return "not known" if left is None else f"{100 * left:.1f} %"


def _table(rows: Sequence[Sequence[str]], columns: int) -> Iterator[str]:
    widths = [max(len(row[at]) for row in rows) for at in range(columns)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        yield "  " + "  ".join(cells).rstrip()


def _time(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"


def _long(seconds: int) -> str:
    if seconds < 2 * _MINUTE:
        return f"{seconds} s"
    if seconds < 2 * HOUR:
        return f"{seconds / _MINUTE:.3g} min"
    return f"{seconds / HOUR:.1f} h" if seconds < 2 * DAY else f"{seconds / DAY:.1f} days"
