"""How an alert moves, message by message and in any order."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.inbox.store.episodes import Episode, Kind, Sighting, State, Step, advance

_NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def _at(minutes: int) -> datetime:
    return _NOON + timedelta(minutes=minutes)


def _firing(start: int) -> Sighting:
    return Sighting(State.FIRING, _at(start), None, _at(1000))


def _resolved(start: int, end: int | None) -> Sighting:
    ends_at = None if end is None else _at(end)
    return Sighting(State.RESOLVED, _at(start), ends_at, _at(1000))


def _episodes(sightings: Iterable[Sighting]) -> tuple[list[Episode], list[Kind]]:
    """All episodes after the sightings, as a store would hold them, and the transitions."""
    episodes: list[Episode] = []
    kinds: list[Kind] = []
    for seen in sightings:
        step = advance(episodes[-1] if episodes else None, seen)
        if step.is_new_episode:
            episodes.append(step.episode)
        else:
            episodes[-1] = step.episode
        if step.kind:
            kinds.append(step.kind)
    return episodes, kinds


@pytest.mark.parametrize(
    ("sightings", "kinds", "states"),
    [
        ([_firing(0)], ["opened"], "F"),
        ([_firing(0), _firing(0)], ["opened"], "F"),
        ([_firing(0), _resolved(0, 5)], ["opened", "closed"], "R"),
        ([_firing(0), _resolved(0, 5), _resolved(0, 5)], ["opened", "closed"], "R"),
        # The same startsAt again is a second episode, and ends by a later resolve.
        ([_firing(0), _resolved(0, 5), _firing(0)], ["opened", "closed", "reopened"], "RF"),
        (
            [_firing(0), _resolved(0, 5), _firing(0), _resolved(0, 9)],
            ["opened", "closed", "reopened", "closed"],
            "RR",
        ),
        # The twin's copy of the first resolve, late: a repeat.
        (
            [_firing(0), _resolved(0, 5), _firing(0), _resolved(0, 5)],
            ["opened", "closed", "reopened"],
            "RF",
        ),
        # startsAt moves within an episode; only backwards is worth a line.
        ([_firing(5), _firing(3), _firing(4)], ["opened", "started_earlier"], "F"),
        # A resolve that ended before the open episode began.
        ([_firing(10), _resolved(0, 5)], ["opened", "resolved_before"], "F"),
        ([_firing(10), _resolved(0, 10)], ["opened", "resolved_before"], "F"),
        ([_firing(10), _resolved(0, 5), _resolved(0, 5)], ["opened", "resolved_before"], "F"),
        ([_firing(0), _firing(10), _resolved(0, 5)], ["opened", "resolved_before"], "F"),
        ([_firing(10), _resolved(8, 12)], ["opened", "closed"], "R"),
        # A resolve without an end counts from when it came.
        ([_firing(0), _resolved(0, None), _resolved(0, None)], ["opened", "closed"], "R"),
        # Resolves of what was never seen firing.
        ([_resolved(0, 5)], ["closed_unseen"], "R"),
        ([_resolved(0, 5), _resolved(0, 5)], ["closed_unseen"], "R"),
        ([_resolved(0, 5), _resolved(6, 9)], ["closed_unseen", "closed_unseen"], "RR"),
        ([_resolved(6, 9), _resolved(0, 5)], ["closed_unseen"], "R"),
        ([_resolved(0, 5), _resolved(0, 7)], ["closed_unseen", "ended_later"], "R"),
        ([_resolved(0, 5), _firing(0)], ["closed_unseen", "reopened"], "RF"),
    ],
)
def test_moves(sightings: list[Sighting], kinds: list[str], states: str) -> None:
    """The transitions and the states of the episodes after each story."""
    episodes, seen_kinds = _episodes(sightings)
    assert seen_kinds == kinds
    assert "".join("F" if e.state is State.FIRING else "R" for e in episodes) == states


def test_times_of_an_episode() -> None:
    """It starts at its earliest startsAt and ends where the resolve says."""
    episodes, _ = _episodes([_firing(5), _firing(3), _resolved(4, 9)])
    assert episodes == [Episode(_at(3), _at(5), ends_at=_at(9))]
    episodes, _ = _episodes([_firing(5), _resolved(2, None)])
    assert (episodes[0].starts_at, episodes[0].ends_at) == (_at(2), _at(1000))


_SIGHTINGS = st.one_of(
    st.builds(_firing, st.integers(0, 8)),
    st.builds(
        lambda start, lasts: _resolved(start, start + lasts), st.integers(0, 8), st.integers(0, 8)
    ),
    st.builds(_resolved, st.integers(0, 8), st.none()),
)
_STORIES = st.lists(_SIGHTINGS, min_size=1, max_size=12)


@given(_STORIES)
def test_a_repeat_changes_nothing(story: list[Sighting]) -> None:
    """However an alert got where it is, the last message once more leaves it there."""
    episodes, _ = _episodes(story)
    assert advance(episodes[-1], story[-1]) == Step(episodes[-1])


@given(_STORIES)
def test_twins_tell_one_story(story: list[Sighting]) -> None:
    """Two Alertmanagers that each send everything make the transitions of one."""
    assert _episodes(seen for seen in story for _ in range(2)) == _episodes(story)


@given(_STORIES)
def test_only_the_latest_episode_is_open(story: list[Sighting]) -> None:
    """An alert that fires again has its own episode; the ones before it stay closed."""
    episodes, _ = _episodes(story)
    assert all(episode.state is State.RESOLVED for episode in episodes[:-1])


@given(_STORIES, st.integers(0, 8))
def test_after_a_firing_the_alert_is_open(story: list[Sighting], start: int) -> None:
    """Silence means health, so no history makes a firing that arrives invisible."""
    episodes, _ = _episodes([*story, _firing(start)])
    assert episodes[-1].state is State.FIRING
    assert episodes[-1].starts_at <= _at(start)


@given(_STORIES, st.randoms(use_true_random=False))
def test_no_order_hides_the_newest_firing(story: list[Sighting], random: object) -> None:
    """A firing that began after every end stays open, whatever arrives when."""
    newest = 100
    messages = [*(seen for seen in story if seen.ends_at or seen.state is State.FIRING)]
    messages.append(_firing(newest))
    random.shuffle(messages)  # type: ignore[attr-defined]
    episodes, _ = _episodes(messages)
    assert episodes[-1].state is State.FIRING


@given(_STORIES)
def test_a_resolve_after_everything_closes(story: list[Sighting]) -> None:
    """Once the newest end is told after all else, nothing stays open."""
    episodes, _ = _episodes([*story, _resolved(0, 2000)])
    assert episodes[-1].state is State.RESOLVED


_FIVE = [_firing(0), _resolved(0, 5), _firing(10), _resolved(10, 15), _firing(0)]


@given(st.permutations(_FIVE))
def test_five_messages_end_defensibly_in_any_order(story: list[Sighting]) -> None:
    """Closed only by a resolve that came after every firing; open while the newest fire burns."""
    episodes, _ = _episodes(story)
    is_open = episodes[-1].state is State.FIRING
    came = {(seen.state, seen.starts_at): place for place, seen in enumerate(story)}
    last_firing = max(place for (state, _), place in came.items() if state is State.FIRING)
    if last_firing == len(story) - 1:
        assert is_open
    if came[State.RESOLVED, _at(10)] < came[State.FIRING, _at(10)]:
        assert is_open
    if story[-1] == _resolved(10, 15):
        assert not is_open
    assert all(e.ends_at is None or e.starts_at <= e.ends_at for e in episodes)
