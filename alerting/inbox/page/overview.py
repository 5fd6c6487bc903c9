"""Gathers all that the front page shows."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alerting.inbox.store import (
    ALL,
    Choices,
    Firing,
    Losses,
    Selection,
    Store,
    StoredEpisode,
    StoredIncident,
)
from alerting.inbox.watch import (
    AlertmanagerPoller,
    Muting,
    MutingWatch,
    SloFigures,
    SloReader,
    Verdict,
    Watchdog,
)

# More cards take seconds to show; headlines count what is left out, and the list has it.
MAX_PAGES = 500
# A phone cannot show more.
MAX_TICKETS = 100
_MAX_RESOLVED = 20
# Alertmanager repeats an open group's delivery more often.
_TRUNCATED_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Overview:
    """The inbox at one moment.

    Attributes:
        firing: What fires, pages first, and how much there is; without the watchdog.
        selection: Which alerts somebody wants to see; the verdict is about all of them.
        selected: What fires of these.
        choices: What somebody may select.
        incidents: Those in which something fires.
        resolved: What has ended of the selected, the latest end first.
        losses: What the store has lost.
        truncated: How many alerts Alertmanager left out of what it last sent of its groups.
        silent_seconds: How long ago the watchdog arrived, or this process started.
        reach: Who hears of it besides this page.
        muting: What Alertmanager holds back.
        silenced_pages: How many pages a silence holds back, without those somebody is on.
        is_answered: Whether Alertmanager answered the last poll; None if it is not polled.
    """

    now: datetime
    firing: Firing
    selection: Selection
    selected: Firing
    choices: Choices
    incidents: tuple[StoredIncident, ...]
    resolved: tuple[StoredEpisode, ...]
    losses: Losses
    truncated: int
    slos: SloFigures
    verdict: Verdict
    has_watchdog_arrived: bool
    silent_seconds: float
    is_answered: bool | None
    reach: "Reach"
    muting: Muting
    silenced_pages: int


@dataclass(frozen=True, slots=True)
class Reach:
    """Who hears of alerts besides this page.

    Attributes:
        told: Alertmanager's other receivers; None if they are not known.
        is_silence_meant: Whether somebody has said that nobody is to be told.
        has_heartbeat: Whether somebody outside gets signs of life.
    """

    told: tuple[str, ...] | None
    is_silence_meant: bool
    has_heartbeat: bool


class OverviewReader:
    """Gathers what the front page shows."""

    def __init__(
        self,
        store: Store,
        slos: SloReader,
        watchdog: Watchdog,
        poller: AlertmanagerPoller | None,
        muting: MutingWatch,
        *,
        is_silence_meant: bool,
        has_heartbeat: bool,
    ) -> None:
        """Take where the parts come from; without a poller nobody asks Alertmanager."""
        self._is_silence_meant = is_silence_meant
        self._has_heartbeat = has_heartbeat
        self._store = store
        self._slos = slos
        self._watchdog = watchdog
        self._poller = poller
        self._muting = muting

    async def read(self, selection: Selection = ALL) -> Overview:
        """Gather all of it; only what is selected is listed.

        Raises:
            StoreUnavailableError: there is nothing to show.
        """
        now = datetime.now(UTC)
        firing = await self._store.find_firing(MAX_PAGES, 0 if selection else MAX_TICKETS)
        incidents, muting = await self._store.open_incidents(), self._muting.latest()
        owned = [each.id for each in incidents if each.is_owned(now)]
        return Overview(
            now=now,
            firing=firing,
            selection=selection,
            selected=(
                await self._store.find_firing(MAX_PAGES, MAX_TICKETS, selection)
                if selection
                else firing
            ),
            choices=await self._store.find_choices(),
            incidents=tuple(incidents),
            resolved=tuple(await self._store.find_resolved(_MAX_RESOLVED, selection)),
            losses=self._store.losses(),
            truncated=await self._store.count_truncated(now - _TRUNCATED_FOR),
            slos=self._slos.latest(),
            verdict=self._watchdog.verdict(),
            has_watchdog_arrived=self._watchdog.has_arrived,
            silent_seconds=self._watchdog.silent_seconds,
            muting=muting,
            silenced_pages=await self._store.count_pages(muting.silenced, without=owned),
            is_answered=self._poller.is_answered if self._poller else None,
            reach=Reach(
                told=self._poller.told if self._poller else None,
                is_silence_meant=self._is_silence_meant,
                has_heartbeat=self._has_heartbeat,
            ),
        )
