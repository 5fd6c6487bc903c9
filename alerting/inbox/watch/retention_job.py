"""Deletes what is older than it is to be kept, from time to time."""

import logging
from datetime import UTC, datetime, timedelta

from alerting.inbox.store import Store

_log = logging.getLogger(__name__)


class RetentionJob:
    """Deletes what is too old."""

    def __init__(self, store: Store, days: int) -> None:
        """Take what to delete from, and for how many days it is kept; 0 keeps everything."""
        self._store = store
        self._days = days

    async def __call__(self) -> None:
        """Delete batch after batch, each queued behind the deliveries that wait meanwhile.

        Raises:
            StoreUnavailableError: what is left stays until the next time.
        """
        if not self._days:
            return
        before = datetime.now(UTC) - timedelta(days=self._days)
        total = 0
        while deleted := await self._store.prune(before):
            total += deleted
        while await self._store.shrink():
            pass
        if total:
            _log.info("deleted what is too old", extra={"rows": total})
