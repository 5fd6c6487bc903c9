"""The store as the rest of the inbox sees it: one SQLite file, a writing and a reading thread."""

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from alerting.inbox.errors import StoreDamagedError, StoreUnavailableError
from alerting.inbox.store import (
    actions,
    causes,
    file,
    incidents,
    journal,
    listing,
    reconciliation,
    retention,
    transitions,
    unheard,
)
from alerting.inbox.store.actions import Action
from alerting.inbox.store.deliveries import Delivery
from alerting.inbox.store.file import ConnectionThread
from alerting.inbox.store.incidents import IncidentAction, Note, StoredIncident
from alerting.inbox.store.journal import Recorded
from alerting.inbox.store.listing import (
    ALL,
    Choices,
    Filter,
    Firing,
    Past,
    Selection,
    StoredEpisode,
    StoredTransition,
    Summary,
)
from alerting.inbox.store.reconciliation import GracePeriods, Reconciled, Snapshot
from alerting.inbox.store.transitions import Range, StoredChange

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Losses:
    """What the store has lost, for people.

    Attributes:
        set_aside: The names of damaged files that stand beside the store.
        replaced_at: When the file was found to be gone or another one; None if it never was.
    """

    set_aside: tuple[str, ...]
    replaced_at: datetime | None


@dataclass(frozen=True, slots=True)
class IncidentRecord:
    """An incident with its alerts, what changed them, newest first, and what people said."""

    incident: StoredIncident
    episodes: list[StoredEpisode]
    changes: list[tuple[StoredTransition, int]]
    notes: list[Note]


class Store:
    """Keeps deliveries and what they mean.

    Every method raises StoreUnavailableError where the file cannot be used, or not in time; the
    next call opens it again, so nothing has to be restarted. A file that is damaged is set aside,
    and the call takes effect in a new one.
    """

    def __init__(
        self,
        path: Path,
        timeout_seconds: float = 10.0,
        identity: Sequence[str] = ("service",),
    ) -> None:
        """Prepare the threads; the first call opens the file, or makes it.

        Args:
            path: The SQLite file; its folder must be there.
            timeout_seconds: How long one call may take, its wait behind others included.
            identity: The labels that together name a service.
        """
        self._path = path
        self._identity = tuple(identity)
        self._writer = ConnectionThread(
            path, is_writer=True, timeout_seconds=timeout_seconds, identity=self._identity
        )
        self._reader = ConnectionThread(path, is_writer=False, timeout_seconds=timeout_seconds)

    async def close(self) -> None:
        """Finish what is under way and close the file."""
        await self._reader.close()
        await self._writer.close()  # last, so that it folds the write-ahead log into the file

    async def record(self, delivery: Delivery) -> Recorded:
        """Store a delivery; when this returns, it survives a power cut."""
        return await self._write(
            partial(journal.record, delivery=delivery, identity=self._identity)
        )

    async def reconcile(self, snapshot: Snapshot, grace: GracePeriods) -> Reconciled:
        """Confirm, mark as stale, close or open by what Alertmanager lists."""
        reconcile = partial(
            reconciliation.reconcile, snapshot=snapshot, grace=grace, identity=self._identity
        )
        return await self._write(reconcile)

    async def open_labels(self, fingerprints: Collection[str]) -> dict[str, dict[str, str]]:
        """Return the labels of those of these alerts that are open."""
        return await self._read(partial(unheard.open_labels, fingerprints=fingerprints))

    async def close_unheard(self, fingerprints: Collection[str], at: datetime) -> int:
        """Close what ended while it was held back; returns how many episodes."""
        return await self._write(partial(unheard.close, fingerprints=fingerprints, at=at))

    async def apply(self, action: Action) -> bool:
        """Store what a person did; False if there is no such episode."""
        return await self._write(partial(actions.apply, action=action))

    async def prune(self, before: datetime) -> int:
        """Delete a batch of what is older; returns how many rows, 0 when nothing is left."""
        return await self._write(partial(retention.prune, before=before))

    async def shrink(self) -> bool:
        """Give some of the space back that was freed; False when there is little of it."""
        return await self._write(retention.shrink)

    async def check(self) -> None:
        """Read the whole file, and set it aside if it is damaged."""
        await self._read(file.check)

    def losses(self) -> Losses:
        """Return what was lost."""
        return Losses(file.found_aside(self._path), self._writer.replaced_at)

    async def changes_after(self, after_id: int, limit: int) -> list[StoredChange]:
        """Return up to `limit` changes with a higher id, oldest first."""
        ask = partial(transitions.changes_after, after_id=after_id, limit=limit)
        return await self._read(ask)

    async def range_of_changes(self) -> Range:
        """Return the oldest and the newest id there is a change of."""
        return await self._read(transitions.range_of_changes)

    async def summarize(self) -> Summary:
        """Count what fires now; makes the file if it is not there."""
        return await self._write(listing.summarize)

    async def probe(self) -> None:
        """Show that the store can be written and read, by doing both."""
        now = datetime.now(UTC)
        await self._write(partial(journal.write_probe, now=now))
        found = await self._read(journal.read_probe)
        if found is None or found < now:
            raise StoreUnavailableError("what was written cannot be read back")

    async def find(self, wanted: Filter, before_id: int | None, limit: int) -> list[StoredEpisode]:
        """Return up to `limit` episodes that match, newest first, below an id if one is given."""
        return await self._read(
            partial(listing.find_episodes, wanted=wanted, before_id=before_id, limit=limit)
        )

    async def find_firing(self, pages: int, others: int, selection: Selection = ALL) -> Firing:
        """Return up to so many pages and so many others that fire, and how many there are."""
        find = partial(listing.find_firing, pages=pages, others=others, selection=selection)
        return await self._read(find)

    async def count_pages(self, fingerprints: Collection[str], without: Collection[int]) -> int:
        """Return how many of these alerts are pages that fire, outside of some incidents."""
        count = partial(listing.count_pages, fingerprints=fingerprints, without=without)
        return await self._read(count) if fingerprints else 0

    async def find_resolved(self, limit: int, selection: Selection = ALL) -> list[StoredEpisode]:
        """Return what has ended, the latest end first."""
        return await self._read(partial(listing.find_resolved, limit=limit, selection=selection))

    async def find_choices(self, *, is_past: bool = False) -> Choices:
        """Return what a selection can choose among what fires, or among all that is kept."""
        return await self._read(partial(listing.find_choices, is_past=is_past))

    async def count_truncated(self, since: datetime) -> int:
        """Return how many firing alerts Alertmanager left out of what it last sent."""
        return await self._read(partial(listing.count_truncated, since=since))

    async def get(self, episode_id: int) -> tuple[StoredEpisode, list[StoredTransition]] | None:
        """Return one episode and its transitions, oldest first; None if there is no such id."""
        return await self._read(partial(listing.get_episode, episode_id=episode_id))

    async def say(self, action: IncidentAction) -> bool:
        """Store what a person said about an incident; False if there is no such incident."""
        return await self._write(partial(incidents.apply_to_incident, action=action))

    async def open_incidents(self) -> list[StoredIncident]:
        """Return the incidents in which something fires, the newest first."""
        return await self._read(incidents.find_open)

    async def find_incidents(
        self,
        before_id: int | None,
        limit: int,
        identity: Mapping[str, str] | None = None,
        past: Past | None = None,
    ) -> list[StoredIncident]:
        """Return up to `limit` incidents, the newest first.

        Args:
            before_id: Below which id; None for the newest.
            limit: How many.
            identity: Labels that their services have; None for all.
            past: What one of their alerts must have; None for nothing.
        """
        find = partial(
            incidents.find_incidents,
            before_id=before_id,
            limit=limit,
            identity=identity,
            condition=listing.condition_of_incident(past or Past()),
        )
        return await self._read(find)

    async def delivered_at(self) -> datetime | None:
        """Return when the last delivery was stored; None if none was."""
        return await self._read(listing.delivered_at)

    async def latest_incident(self, service: str) -> int | None:
        """Return the id of a service's newest incident; None if it has had none."""
        return await self._read(partial(incidents.latest_incident, service=service))

    async def get_incident(self, incident_id: int, most_changes: int) -> IncidentRecord | None:
        """Return one incident with all that is known of it; None if there is no such id."""

        def read(connection: sqlite3.Connection) -> IncidentRecord | None:
            found = incidents.get_incident(connection, incident_id)
            if found is None:
                return None
            return IncidentRecord(
                found,
                listing.episodes_of(connection, incident_id),
                listing.transitions_of(connection, incident_id, most_changes),
                incidents.notes_of(connection, incident_id),
            )

        return await self._read(read)

    async def find_causes(
        self, incident: StoredIncident, services: Sequence[str], limit: int
    ) -> list[StoredEpisode]:
        """Return what fired of some services around an incident, what fires still first."""
        if not services:
            return []
        find = partial(causes.find_causes, incident=incident, services=services, limit=limit)
        return await self._read(find)

    async def _write(self, function: Callable[[sqlite3.Connection], T]) -> T:
        return await self._run(self._writer, function)

    async def _read(self, function: Callable[[sqlite3.Connection], T]) -> T:
        return await self._run(self._reader, function)

    async def _run(
        self, thread: ConnectionThread, function: Callable[[sqlite3.Connection], T]
    ) -> T:
        try:
            return await thread.run(function)
        except StoreDamagedError:
            await self._writer.replace_damaged()
            return await thread.run(function)
