"""What the front page and an alert's own page both show of an alert."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from alerting.inbox.page.formats import clock
from alerting.inbox.page.links import Link, Links
from alerting.inbox.store import StoredEpisode
from alerting.inbox.watch import Muting

_SEVERITIES = ("page", "ticket")
NOTHING_MUTED: Final = Muting()


@dataclass(frozen=True, slots=True)
class Card:
    """One alert as both pages show it.

    Attributes:
        severity: A class that has a colour: page, ticket or other.
        badges: Class and words of each badge beside the title.
    """

    episode: StoredEpisode
    title: str
    severity: str
    badges: tuple[tuple[str, str], ...]
    links: tuple[Link, ...] = ()


def card_of(
    episode: StoredEpisode,
    links: Links,
    muting: Muting = NOTHING_MUTED,
    *,
    leads_on: bool = True,
) -> Card:
    """Make an alert's card, with its links if it leads on to other pages."""
    severity = episode.labels.get("severity", "")
    return Card(
        episode=episode,
        title=alert_title(episode, links.identity),
        severity=severity if severity in _SEVERITIES else "other",
        badges=(*_badges(episode), *_held_back(episode, muting)),
        links=tuple(links.of(episode)) if leads_on else (),
    )


def alert_title(episode: StoredEpisode, identity: Sequence[str]) -> str:
    """Return an alert's name and what it is about."""
    labels = episode.labels
    about = " ".join(labels[name] for name in (*identity, "slo") if labels.get(name))
    name = labels.get("alertname") or "An alert without a name"
    return f"{name} · {about}" if about else name


def _badges(episode: StoredEpisode) -> Iterable[tuple[str, str]]:
    severity = episode.labels.get("severity", "")
    yield (severity if severity in _SEVERITIES else "other", severity or "no severity")
    if not episode.deliveries:
        yield ("found", "found at Alertmanager, never delivered")
    if episode.is_stale:
        yield ("stale", "stale: Alertmanager no longer lists it")
    if episode.acknowledged_at:
        by = f" by {episode.acknowledged_by}" if episode.acknowledged_by else ""
        yield ("acknowledged", f"acknowledged{by}")


def _held_back(episode: StoredEpisode, muting: Muting) -> Iterable[tuple[str, str]]:
    if episode.ends_at is not None:
        return
    silence = muting.silence_of(episode.fingerprint)
    if silence is not None:
        until = clock(silence.ends_at, datetime.now(UTC))
        yield ("muted", f"silenced until {until} by {silence.author or 'somebody'}")
    elif inhibitors := muting.inhibitors_of(episode.fingerprint):
        yield ("muted", f"held back while {', '.join(inhibitors)} fires")
