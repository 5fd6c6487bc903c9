"""What happened in an incident, the newest first, with what repeats itself as one line."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from alerting.inbox.page.formats import clock
from alerting.inbox.page.stories import STORIES
from alerting.inbox.store import IncidentRecord, Note, StoredTransition, Word

_WORDS: Final = {
    Word.ON_IT: "on it",
    Word.RELEASED: "no longer on it",
    Word.COMMENTED: "said",
}
# Of what each alert did by itself; its beginning is shown as well.
_NEWEST: Final = 3


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a timeline."""

    at: datetime
    kind: str
    what: str
    about: str
    episode_id: int | None
    author: str
    text: str


def timeline(record: IncidentRecord, titles: Mapping[int, str], now: datetime) -> list[Event]:
    """Return what happened, the newest first, without the repeats between.

    Args:
        record: The incident.
        titles: Of its alerts, by their ids.
        now: When the page is made.
    """
    changes = [_change(change, titles.get(about, ""), about) for change, about in record.changes]
    events = [*_collapsed(changes, now), *_notes(record.notes)]
    return sorted(events, key=lambda event: event.at, reverse=True)


def _collapsed(changes: Iterable[Event], now: datetime) -> Iterator[Event]:
    """Yield of each title the newest and the oldest changes, and how many lie between."""
    repeats: defaultdict[str, list[Event]] = defaultdict(list)
    for event in changes:
        if event.author or event.text:
            yield event
        else:
            repeats[event.about].append(event)
    for events in repeats.values():
        events.sort(key=lambda event: event.at, reverse=True)
        between = events[_NEWEST:-1]
        if len(between) < 2:  # noqa: PLR2004 (one line would stand for one)
            yield from events
            continue
        yield from events[:_NEWEST]
        yield _line_for(between, now)
        yield events[-1]


def _line_for(events: Sequence[Event], now: datetime) -> Event:
    newest, oldest = events[0], events[-1]
    what = f"{len(events)} more changes since {clock(oldest.at, now)}"
    return Event(newest.at, "repeats", what, newest.about, newest.episode_id, "", "")


def _change(change: StoredTransition, title: str, episode_id: int) -> Event:
    what = STORIES[change.kind]
    return Event(change.at, change.kind.value, what, title, episode_id, change.author, change.text)


def _notes(notes: Iterable[Note]) -> Iterator[Event]:
    for note in notes:
        who = note.author or "Somebody"
        yield Event(
            note.at, note.word.value, f"{who}: {_WORDS[note.word]}", "", None, "", note.text
        )
