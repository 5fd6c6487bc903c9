"""Closes what ended while it was held back: Alertmanager never tells of that end."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from alerting.inbox.change_signal import ChangeSignal
from alerting.inbox.errors import UpstreamUnavailableError
from alerting.inbox.store import Store
from alerting.inbox.watch.silencing.firing_rules import FiringRules
from alerting.inbox.watch.silencing.muting import MutingWatch

_log = logging.getLogger(__name__)


class EndedWhileMuted:
    """Asks Prometheus, each time it is called, about what is held back or was until it left.

    Only what Prometheus was seen to have can be missing there: an alert of Loki's, of another
    Prometheus, or with labels that were changed on its way never is.
    """

    def __init__(
        self,
        muting: MutingWatch,
        rules: FiringRules,
        store: Store,
        changes: ChangeSignal,
        settled_after: timedelta,
    ) -> None:
        """Take who knows what is held back, who knows what fires, and where it is open.

        Args:
            muting: What Alertmanager holds back.
            rules: What Prometheus has.
            store: Where alerts are open.
            changes: Told of what is closed.
            settled_after: How long Prometheus must have run, to know all that fires.
        """
        self._muting = muting
        self._rules = rules
        self._store = store
        self._changes = changes
        self._settled_after = settled_after
        self._seen: frozenset[str] = frozenset()
        self._absent: frozenset[str] = frozenset()

    async def __call__(self) -> None:
        """Ask once; what is absent the second time in a row is closed."""
        absent_before, self._absent = self._absent, frozenset()
        muting, departed = self._muting.latest(), self._muting.departed
        followed = departed | muting.muted.keys()
        if not followed or not muting.is_answered:
            return
        open_labels = await self._store.open_labels(followed)
        self._muting.forget(departed - open_labels.keys())
        self._absent = await self._ask(open_labels) & departed
        if gone := self._absent & absent_before:
            closed = await self._store.close_unheard(gone, datetime.now(UTC))
            _log.info("closed what ended while it was held back", extra={"episodes": closed})
            self._changes.notify()

    async def _ask(self, open_labels: Mapping[str, Mapping[str, str]]) -> frozenset[str]:
        """Return what Prometheus had and has no more."""
        if not open_labels:
            return frozenset()
        names = {labels.get("alertname", "") for labels in open_labels.values()}
        try:
            rules = await self._rules.read(names)
        except UpstreamUnavailableError:
            return frozenset()  # who does not answer says nothing
        found = {each: rules.has(labels) for each, labels in open_labels.items()}
        self._seen = frozenset(
            each for each in found if found[each] or (each in self._seen and found[each] is False)
        )
        if rules.uptime < self._settled_after:
            return frozenset()
        return frozenset(each for each in self._seen if found[each] is False)
