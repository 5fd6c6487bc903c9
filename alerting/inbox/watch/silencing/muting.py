"""What Alertmanager holds back at a moment, remembered, so that no page waits for it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from alerting.inbox.errors import UpstreamUnavailableError
from alerting.inbox.watch.silencing.api import SilencingClient
from alerting.inbox.watch.silencing.silences import ListedAlert, Silence

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Muting:
    """What was held back when Alertmanager last answered.

    Attributes:
        silences: Those that are not over, whoever made them.
        muted: The alerts that are held back, by fingerprint.
        inhibitors: The names of the alerts that hold others back, by fingerprint.
        read_at: When that was; None if it never answered.
        is_answered: Whether it answered the last time.
        is_known: Whether there is one to ask.
    """

    silences: tuple[Silence, ...] = ()
    muted: Mapping[str, ListedAlert] = field(default_factory=dict)
    inhibitors: Mapping[str, str] = field(default_factory=dict)
    read_at: datetime | None = None
    is_answered: bool = True
    is_known: bool = True

    def silence_of(self, fingerprint: str) -> Silence | None:
        """Return the silence that holds an alert back, the one that ends last of several."""
        alert = self.muted.get(fingerprint)
        ids = alert.silenced_by if alert else ()
        found = [silence for silence in self.silences if silence.id in ids]
        return found[-1] if found else None

    @property
    def silenced(self) -> frozenset[str]:
        """The fingerprints of what a silence holds back."""
        ids = {silence.id for silence in self.silences}
        return frozenset(
            fingerprint
            for fingerprint, alert in self.muted.items()
            if not ids.isdisjoint(alert.silenced_by)
        )

    def inhibitors_of(self, fingerprint: str) -> list[str]:
        """Return the names of the alerts that hold an alert back."""
        alert = self.muted.get(fingerprint)
        ids = alert.inhibited_by if alert else ()
        return sorted({self.inhibitors.get(each, "another alert") for each in ids})

    def held_by(self, silence: Silence) -> list[ListedAlert]:
        """Return what a silence holds back."""
        return [alert for alert in self.muted.values() if silence.id in alert.silenced_by]

    @property
    def inhibited(self) -> list[ListedAlert]:
        """What other alerts hold back, and no silence."""
        return [each for each in self.muted.values() if not each.silenced_by]


class MutingWatch:
    """Takes it from whoever reads Alertmanager's list, and remembers it for whoever asks."""

    def __init__(
        self, client: SilencingClient | None, on_news: Callable[[], None] = lambda: None
    ) -> None:
        """Take whom to ask, if there is one, and what is called when something is different."""
        self._client = client
        self._on_news = on_news
        self._muting = Muting(is_known=client is not None)
        self._departed: set[str] = set()

    @property
    def departed(self) -> frozenset[str]:
        """The fingerprints of what was held back when it was last listed, and is listed no more."""
        return frozenset(self._departed - self._muting.muted.keys())

    def latest(self) -> Muting:
        """Return what was read last, at once."""
        return self._muting

    def forget(self, fingerprints: frozenset[str]) -> None:
        """Follow these no further."""
        self._departed -= fingerprints - self._muting.muted.keys()

    async def read(self, listed: Sequence[ListedAlert] | None = None) -> None:
        """Read the silences, and the alerts too where nobody has just listed them."""
        if self._client is None:
            return
        try:
            silences = await self._client.silences()
            if listed is None:
                listed = await self._client.alerts()
        except UpstreamUnavailableError as error:
            self.note_no_answer(str(error))
            return
        self._departed -= {alert.fingerprint for alert in listed if not alert.is_muted}
        muting = _muting(silences, listed)
        self._departed |= muting.muted.keys()
        self._remember(muting)

    def note_no_answer(self, reason: str) -> None:
        """Take note that Alertmanager did not answer: what is remembered is old."""
        if self._muting.is_answered:
            _log.warning("silences cannot be read", extra={"reason": reason})
        self._remember(replace(self._muting, is_answered=False))

    def _remember(self, muting: Muting) -> None:
        before, self._muting = self._muting, muting
        if replace(muting, read_at=before.read_at) != before:
            self._on_news()


def _muting(silences: Sequence[Silence], listed: Sequence[ListedAlert]) -> Muting:
    muted = {alert.fingerprint: alert for alert in listed if alert.is_muted}
    inhibitors = {each for alert in muted.values() for each in alert.inhibited_by}
    return Muting(
        silences=tuple(silences),
        muted=muted,
        inhibitors={
            alert.fingerprint: alert.title for alert in listed if alert.fingerprint in inhibitors
        },
        read_at=datetime.now(UTC),
    )
