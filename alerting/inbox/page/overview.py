"""Gathers all that the front page shows."""

from dataclasses import dataclass
from datetime import UTC, datetime

from alerting.inbox.store import WATCHDOG, Filter, State, Store, StoredEpisode
from alerting.inbox.watch import AlertmanagerPoller, SloFigures, SloReader, Verdict, Watchdog

# A phone cannot show more; the rest is in the list.
MAX_FIRING = 100
_MAX_RESOLVED = 20
_RANKS = {"page": 0, "ticket": 1}


@dataclass(frozen=True, slots=True)
class Overview:
    """The inbox at one moment.

    Attributes:
        firing: What fires, pages first, in each the newest first; without the watchdog.
        resolved: What has ended, the latest end first.
        has_more: Whether more fires than is in `firing`.
        silent_seconds: How long ago the watchdog arrived, or this process started.
        is_answered: Whether Alertmanager answered the last poll; None if it is not polled.
    """

    now: datetime
    firing: tuple[StoredEpisode, ...]
    resolved: tuple[StoredEpisode, ...]
    has_more: bool
    slos: SloFigures
    verdict: Verdict
    has_watchdog_arrived: bool
    silent_seconds: float
    is_answered: bool | None


class OverviewReader:
    """Gathers what the front page shows."""

    def __init__(
        self,
        store: Store,
        slos: SloReader,
        watchdog: Watchdog,
        poller: AlertmanagerPoller | None,
    ) -> None:
        """Take where the parts come from; without a poller nobody asks Alertmanager."""
        self._store = store
        self._slos = slos
        self._watchdog = watchdog
        self._poller = poller

    async def read(self) -> Overview:
        """Gather all of it.

        Raises:
            StoreUnavailableError: there is nothing to show.
        """
        firing = await self._store.find(Filter(state=State.FIRING), None, MAX_FIRING + 2)
        resolved = await self._store.find(Filter(state=State.RESOLVED), None, 2 * _MAX_RESOLVED)
        shown = sorted(_without_watchdog(firing), key=_rank)
        ended = sorted(_without_watchdog(resolved), key=_end, reverse=True)
        return Overview(
            now=datetime.now(UTC),
            firing=tuple(shown[:MAX_FIRING]),
            resolved=tuple(ended[:_MAX_RESOLVED]),
            has_more=len(shown) > MAX_FIRING,
            slos=await self._slos.latest(),
            verdict=self._watchdog.verdict(),
            has_watchdog_arrived=self._watchdog.has_arrived,
            silent_seconds=self._watchdog.silent_seconds,
            is_answered=self._poller.is_answered if self._poller else None,
        )


def _without_watchdog(episodes: list[StoredEpisode]) -> list[StoredEpisode]:
    return [episode for episode in episodes if episode.labels.get("alertname") != WATCHDOG]


def _rank(episode: StoredEpisode) -> tuple[int, bool, int]:
    """Pages before tickets, what nobody works on before what somebody does, then the newest."""
    severity = episode.labels.get("severity", "")
    is_taken = episode.acknowledged_at is not None
    return (_RANKS.get(severity, 2), is_taken, -episode.id)


def _end(episode: StoredEpisode) -> datetime:
    return episode.ends_at or episode.starts_at
