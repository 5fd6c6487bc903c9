"""What the front page and an alert's own page both show of an alert."""

from collections.abc import Iterable
from dataclasses import dataclass

from alerting.inbox.page.links import Link
from alerting.inbox.store import StoredEpisode

_SEVERITIES = ("page", "ticket")


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


def card_of(episode: StoredEpisode, links: Iterable[Link] = ()) -> Card:
    """Make an alert's card."""
    severity = episode.labels.get("severity", "")
    return Card(
        episode=episode,
        title=_title(episode),
        severity=severity if severity in _SEVERITIES else "other",
        badges=tuple(_badges(episode)),
        links=tuple(links),
    )


def _title(episode: StoredEpisode) -> str:
    labels = episode.labels
    about = " ".join(labels[name] for name in ("service", "slo") if labels.get(name))
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
