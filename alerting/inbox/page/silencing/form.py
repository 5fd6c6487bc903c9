"""What a silence that is being made would match: the labels to choose from, and those chosen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerting.inbox.store import StoredEpisode, StoredIncident


@dataclass(frozen=True, slots=True)
class Choice:
    """One label that the silence may ask for."""

    name: str
    value: str
    is_chosen: bool

    @property
    def text(self) -> str:
        """As the form sends it."""
        return f"{self.name}={self.value}"


@dataclass(frozen=True, slots=True)
class SilenceForm:
    """A silence as far as it is filled in.

    Attributes:
        about: The title of what it is for.
        back: The address of that.
        hidden: What tells the form what it is about, `incident` or `alert` and its id.
        hours: How long; None for until a time.
        starts_at: From when on; None for now.
        until: The time it ends, where that is no number of hours.
        problem: Why it cannot be made like this; empty if it can.
    """

    about: str
    back: str
    hidden: tuple[str, str]
    choices: tuple[Choice, ...]
    hours: float | None = 1.0
    starts_at: datetime | None = None
    until: datetime | None = None
    problem: str = ""


def choices_of_incident(
    incident: StoredIncident, episodes: Iterable[StoredEpisode], chosen: Sequence[str] | None
) -> tuple[Choice, ...]:
    """Return the labels that all open alerts of an incident have; its service's are chosen."""
    common = dict(incident.identity)
    of_open = [episode.labels for episode in episodes if episode.ends_at is None]
    if of_open:
        shared = set(of_open[0].items()).intersection(*(each.items() for each in of_open[1:]))
        common |= dict(shared)
    return _choices(common, [*incident.identity], chosen)


def choices_of_alert(
    episode: StoredEpisode, identity: Sequence[str], chosen: Sequence[str] | None
) -> tuple[Choice, ...]:
    """Return the labels of an alert; those that make it this alert of this service are chosen."""
    return _choices(episode.labels, ["alertname", *identity, "slo"], chosen)


def _choices(
    labels: Mapping[str, str], preferred: Sequence[str], chosen: Sequence[str] | None
) -> tuple[Choice, ...]:
    order = sorted(labels, key=lambda name: (name not in preferred, name))
    return tuple(
        Choice(name, labels[name], name in preferred if chosen is None else text in chosen)
        for name in order
        if labels[name]
        for text in [f"{name}={labels[name]}"]
    )
