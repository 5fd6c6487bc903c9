"""The store as the rest of the inbox sees it: one SQLite file, a writing and a reading thread."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from alerting.inbox.errors import StoreUnavailableError
from alerting.inbox.store import (
    actions,
    journal,
    listing,
    reconciliation,
    retention,
    transitions,
)
from alerting.inbox.store.actions import Action
from alerting.inbox.store.connection import ConnectionThread
from alerting.inbox.store.deliveries import Delivery
from alerting.inbox.store.journal import Recorded
from alerting.inbox.store.listing import Filter, StoredEpisode, StoredTransition, Summary
from alerting.inbox.store.reconciliation import GracePeriods, Reconciled, Snapshot
from alerting.inbox.store.transitions import Range, StoredChange


class Store:
    """Keeps deliveries and what they mean.

    Every method raises StoreUnavailableError where the file cannot be used, or not in time; the
    next call opens it again, so nothing has to be restarted.
    """

    def __init__(self, path: Path, timeout_seconds: float = 10.0) -> None:
        """Prepare the threads; the first call opens the file, or makes it.

        Args:
            path: The SQLite file; its folder must be there.
            timeout_seconds: How long one call may take, its wait behind others included.
        """
        self._writer = ConnectionThread(path, is_writer=True, timeout_seconds=timeout_seconds)
        self._reader = ConnectionThread(path, is_writer=False, timeout_seconds=timeout_seconds)

    async def close(self) -> None:
        """Finish what is under way and close the file."""
        await self._reader.close()
        await self._writer.close()  # last, so that it folds the write-ahead log into the file

    async def record(self, delivery: Delivery) -> Recorded:
        """Store a delivery; when this returns, it survives a power cut."""
        return await self._writer.run(partial(journal.record, delivery=delivery))

    async def reconcile(self, snapshot: Snapshot, grace: GracePeriods) -> Reconciled:
        """Confirm, mark as stale, close or open by what Alertmanager lists."""
        reconcile = partial(reconciliation.reconcile, snapshot=snapshot, grace=grace)
        return await self._writer.run(reconcile)

    async def apply(self, action: Action) -> bool:
        """Store what a person did; False if there is no such episode."""
        return await self._writer.run(partial(actions.apply, action=action))

    async def prune(self, before: datetime) -> int:
        """Delete a batch of what is older; returns how many rows, 0 when nothing is left."""
        return await self._writer.run(partial(retention.prune, before=before))

    async def changes_after(self, after_id: int, limit: int) -> list[StoredChange]:
        """Return up to `limit` changes with a higher id, oldest first."""
        ask = partial(transitions.changes_after, after_id=after_id, limit=limit)
        return await self._reader.run(ask)

    async def range_of_changes(self) -> Range:
        """Return the oldest and the newest id there is a change of."""
        return await self._reader.run(transitions.range_of_changes)

    async def summarize(self) -> Summary:
        """Count what fires now; makes the file if it is not there."""
        return await self._writer.run(listing.summarize)

    async def probe(self) -> None:
        """Show that the store can be written and read, by doing both."""
        now = datetime.now(UTC)
        await self._writer.run(partial(journal.write_probe, now=now))
        found = await self._reader.run(journal.read_probe)
        if found is None or found < now:
            raise StoreUnavailableError("what was written cannot be read back")

    async def find(self, wanted: Filter, before_id: int | None, limit: int) -> list[StoredEpisode]:
        """Return up to `limit` episodes that match, newest first, below an id if one is given."""
        return await self._reader.run(
            partial(listing.find_episodes, wanted=wanted, before_id=before_id, limit=limit)
        )

    async def get(self, episode_id: int) -> tuple[StoredEpisode, list[StoredTransition]] | None:
        """Return one episode and its transitions, oldest first; None if there is no such id."""
        return await self._reader.run(partial(listing.get_episode, episode_id=episode_id))
