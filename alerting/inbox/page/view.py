"""All that the front page shows, gathered in one go."""

from dataclasses import dataclass
from datetime import UTC, datetime

from alerting.inbox.store.episodes import State
from alerting.inbox.store.journal import WATCHDOG
from alerting.inbox.store.listing import Filter, StoredEpisode
from alerting.inbox.store.store import Store
from alerting.inbox.watch.periodic import Reconciliation
from alerting.inbox.watch.slos import Picture, SloReader
from alerting.inbox.watch.watchdog import Verdict, Watchdog

# A phone cannot show more; the rest is in the list.
MAX_FIRING = 100
_MAX_LATELY = 20
_RANKS = {"page": 0, "ticket": 1}


@dataclass(frozen=True, slots=True)
class View:
    """One moment of the inbox.

    Attributes:
        firing: What fires, pages first, in each the newest first; without the watchdog.
        lately: What has ended, the latest end first.
        has_more: Whether more fires than is in `firing`.
        silent_seconds: Since when the watchdog, or this process, has been silent.
        is_answered: Whether Alertmanager answered the last look; None if nobody looks.
    """

    now: datetime
    firing: tuple[StoredEpisode, ...]
    lately: tuple[StoredEpisode, ...]
    has_more: bool
    slos: Picture
    verdict: Verdict
    is_heard: bool
    silent_seconds: float
    is_answered: bool | None


class Viewer:
    """Gathers views."""

    def __init__(
        self,
        store: Store,
        slos: SloReader,
        watchdog: Watchdog,
        reconciliation: Reconciliation | None,
    ) -> None:
        """Take where the parts of a view come from."""
        self._store = store
        self._slos = slos
        self._watchdog = watchdog
        self._reconciliation = reconciliation

    async def view(self) -> View:
        """Gather one.

        Raises:
            StoreUnavailableError: there is nothing to show.
        """
        looker = self._reconciliation
        firing = await self._store.find(Filter(state=State.FIRING), None, MAX_FIRING + 2)
        lately = await self._store.find(Filter(state=State.RESOLVED), None, 2 * _MAX_LATELY)
        shown = sorted(_without_watchdog(firing), key=_rank)
        ended = sorted(_without_watchdog(lately), key=_end, reverse=True)
        return View(
            now=datetime.now(UTC),
            firing=tuple(shown[:MAX_FIRING]),
            lately=tuple(ended[:_MAX_LATELY]),
            has_more=len(shown) > MAX_FIRING,
            slos=await self._slos.picture(),
            verdict=self._watchdog.verdict(),
            is_heard=self._watchdog.is_ever_heard,
            silent_seconds=self._watchdog.silent_seconds,
            is_answered=looker.is_answered if looker else None,
        )


def _without_watchdog(episodes: list[StoredEpisode]) -> list[StoredEpisode]:
    return [episode for episode in episodes if episode.labels.get("alertname") != WATCHDOG]


def _rank(episode: StoredEpisode) -> tuple[int, bool, int]:
    """Pages before tickets, what nobody is on before what somebody is, then the newest."""
    severity = episode.labels.get("severity", "")
    is_taken = episode.acknowledged_at is not None
    return (_RANKS.get(severity, 2), is_taken, -episode.id)


def _end(episode: StoredEpisode) -> datetime:
    return episode.ends_at or episode.starts_at
