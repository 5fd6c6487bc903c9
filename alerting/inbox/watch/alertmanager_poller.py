"""Polls Alertmanager's list of alerts: what was lost on the way, and what is held back."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from alerting.inbox.change_signal import ChangeSignal
from alerting.inbox.errors import UpstreamUnavailableError
from alerting.inbox.metrics import InboxMetrics
from alerting.inbox.store import AlertKey, GracePeriods, Snapshot, Store
from alerting.inbox.watch.alertmanager_api import AlertmanagerClient, snapshot_of
from alerting.inbox.watch.silencing import MutingWatch
from alerting.inbox.watch.watchdog import Watchdog

_log = logging.getLogger(__name__)
# As alerting/alertmanager.yml calls what delivers here.
_INBOX = "inbox"


@dataclass(frozen=True, slots=True)
class PollTiming:
    """How long each thing is waited for.

    Attributes:
        grace: How long an open alert may be off the list.
        late_after: From when on the watchdog is late; None if there is no watchdog to go by.
        missed_after: How long an alert on the list may take to be delivered.
    """

    grace: GracePeriods
    late_after: timedelta | None
    missed_after: timedelta


class AlertmanagerPoller:
    """Compares what is open here with what Alertmanager lists."""

    def __init__(
        self,
        alertmanager: AlertmanagerClient,
        store: Store,
        watchdog: Watchdog,
        muting: MutingWatch,
        changes: ChangeSignal,
        metrics: InboxMetrics,
        timing: PollTiming,
    ) -> None:
        """Take whom to ask, who compares, who wants to know, and how long to wait."""
        self._muting = muting
        self._alertmanager = alertmanager
        self._store = store
        self._watchdog = watchdog
        self._changes = changes
        self._metrics = metrics
        self._timing = timing
        self._undelivered = Undelivered(timing.missed_after)
        self._expected_losses = 0
        self._ours: frozenset[str] = frozenset()
        self._losses = store.losses()
        self.is_answered = True
        self._receivers: tuple[str, ...] | None = None

    @property
    def told(self) -> tuple[str, ...] | None:
        """Who is told besides the inbox, by receiver; None if that is not known yet."""
        if self._receivers is None:
            return None
        return tuple(name for name in self._receivers if name != _INBOX)

    def expect_loss(self) -> None:
        """Have what is missing opened by the next poll that can tell, and not waited for."""
        self._expected_losses += 1

    async def __call__(self) -> None:
        """Poll once.

        An Alertmanager that does not answer confirms nothing, so everything open becomes stale.

        Raises:
            StoreUnavailableError: nothing could be compared.
        """
        at = datetime.now(UTC)
        self._note_losses()
        expected_losses = self._expected_losses
        overdue = None if expected_losses else self._undelivered.overdue(at)
        snapshot = replace(await self._ask(at), overdue=overdue, receivers=self._ours)
        self._metrics.count_poll(is_answered=self.is_answered)
        reconciled = await self._store.reconcile(snapshot, self._timing.grace)
        self._ours = reconciled.receivers
        if self.is_answered:
            self._undelivered.note(reconciled.missing, at)
        # While nobody is known to deliver here, nothing can be missing.
        if self.is_answered and self._ours:
            self._expected_losses -= expected_losses
        self._metrics.show_store(reconciled.transitions, reconciled.summary)
        if reconciled.found:
            self._metrics.count_missed(reconciled.found)
            _log.warning("alerts never arrived", extra={"found": reconciled.found})
        if reconciled.transitions:
            _log.info("reconciled", extra={"transitions": reconciled.transitions})
            self._changes.notify()

    def _note_losses(self) -> None:
        """What fired when the store was lost was delivered, and will not be again for hours."""
        before, self._losses = self._losses, self._store.losses()
        is_replaced = self._losses.replaced_at != before.replaced_at
        if is_replaced or set(self._losses.set_aside) - set(before.set_aside):
            self.expect_loss()

    async def _ask(self, at: datetime) -> Snapshot:
        was_answered = self.is_answered
        try:
            state = await self._alertmanager.fetch()
        except UpstreamUnavailableError as error:
            self.is_answered = False
            self._muting.note_no_answer(str(error))
            self._watchdog.note_no_answer()
            if was_answered:
                _log.warning("nothing can be confirmed", extra={"reason": str(error)})
                self._changes.notify()
            return Snapshot(at)
        self.is_answered = True
        await self._muting.read(state.alerts)
        self._receivers = state.receivers
        self._watchdog.note_answer(state.watchdog_age)
        if not was_answered:
            _log.info("Alertmanager answers again")
            self._changes.notify()
        return snapshot_of(state, at, self._timing.grace.close_after, self._timing.late_after)


class Undelivered:
    """Since when each alert is on the list without having been delivered."""

    def __init__(self, missed_after: timedelta) -> None:
        """Take how long a delivery is waited for."""
        self._missed_after = missed_after
        self._since: dict[AlertKey, datetime] = {}

    def overdue(self, at: datetime) -> frozenset[AlertKey]:
        """Return what has been missing for too long."""
        return frozenset(
            key for key, since in self._since.items() if at - since >= self._missed_after
        )

    def note(self, missing: Iterable[AlertKey], at: datetime) -> None:
        """Take note of what is missing now, and drop what is not."""
        self._since = {key: self._since.get(key, at) for key in missing}
