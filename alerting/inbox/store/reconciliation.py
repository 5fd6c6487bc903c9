"""Compares what should fire with what Alertmanager lists.

A resolve can be lost: Alertmanager forgets it after an outage longer than twice repeat_interval,
when it restarts meanwhile, and always when the alert was inhibited or silenced as it ended. The
episode would then stay open for ever. The other way round, Alertmanager forgets what fires when
it restarts, until Prometheus tells it again, so absence alone is no proof of an end.

So: what is not listed becomes stale, which people see; only what stays away for long, while
Prometheus is known to reach an Alertmanager that has been up for as long, is closed. What is
listed and never arrived is opened: see missed_alerts.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerting.inbox.store.episodes import Kind
from alerting.inbox.store.listing import Summary, summarize
from alerting.inbox.store.missed_alerts import (
    ActiveAlert,
    AlertKey,
    find_missing,
    find_receivers,
    open_missing,
)
from alerting.inbox.store.timestamps import from_micros, to_micros
from alerting.inbox.store.transitions import Change, append


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What Alertmanager listed at one moment.

    Attributes:
        at: Before it was asked.
        listed: The fingerprints of what it holds as firing, muted or not; empty when it did
            not answer, since nothing is confirmed then.
        is_trusted: Whether absence from the list means that the alert has ended.
        active: What ought to have been delivered.
        overdue: What of it has been waited for long enough; None where that is all of it.
        receivers: Who is known to have delivered here: a store that is made anew knows nobody.
    """

    at: datetime
    listed: frozenset[str] = frozenset()
    is_trusted: bool = False
    active: tuple[ActiveAlert, ...] = ()
    overdue: frozenset[AlertKey] | None = frozenset()
    receivers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class GracePeriods:
    """How long an alert may be missing before it is stale, and before it is closed."""

    stale_after: timedelta
    close_after: timedelta


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a snapshot changed.

    Attributes:
        transitions: How many changes there were.
        summary: What fires now.
        found: How many alerts were opened because they had never arrived.
        missing: What is waited for still.
        receivers: Who is known to have delivered here now.
    """

    transitions: int
    summary: Summary
    found: int = 0
    missing: frozenset[AlertKey] = frozenset()
    receivers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Open:
    id: int
    fingerprint: str
    unconfirmed_since: datetime | None
    is_stale: bool


def reconcile(
    connection: sqlite3.Connection,
    snapshot: Snapshot,
    grace: GracePeriods,
    identity: Sequence[str] = ("service",),
) -> Reconciled:
    """Take one snapshot into account, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    # An alert that was delivered after Alertmanager was asked is confirmed by that.
    rows = connection.execute(
        """
        SELECT id, fingerprint, unconfirmed_since, is_stale FROM episodes
        WHERE ends_at IS NULL AND coalesce(last_firing_received_at, 0) < ?
        """,
        (to_micros(snapshot.at),),
    ).fetchall()
    transitions = 0
    for row in rows:
        episode = _Open(row[0], row[1], from_micros(row[2]), bool(row[3]))
        if episode.fingerprint in snapshot.listed:
            transitions += _confirm(connection, episode, snapshot)
        else:
            transitions += _miss(connection, episode, snapshot, grace)
    receivers = find_receivers(connection) | snapshot.receivers
    missing = find_missing(connection, snapshot.active, receivers, snapshot.at)
    due = {k: v for k, v in missing.items() if snapshot.overdue is None or k in snapshot.overdue}
    open_missing(connection, due, snapshot.at, identity)
    summary = summarize(connection)
    connection.execute("COMMIT")
    return Reconciled(
        transitions + len(due),
        summary,
        len(due),
        frozenset(missing.keys() - due.keys()),
        receivers,
    )


def _confirm(connection: sqlite3.Connection, episode: _Open, snapshot: Snapshot) -> int:
    if episode.unconfirmed_since is not None:
        connection.execute(
            "UPDATE episodes SET unconfirmed_since = NULL, is_stale = 0 WHERE id = ?",
            (episode.id,),
        )
    if not episode.is_stale:
        return 0
    append(connection, Change(episode.id, snapshot.at, Kind.CONFIRMED))
    return 1


def _miss(
    connection: sqlite3.Connection, episode: _Open, snapshot: Snapshot, grace: GracePeriods
) -> int:
    since = episode.unconfirmed_since
    if since is None:
        connection.execute(
            "UPDATE episodes SET unconfirmed_since = ? WHERE id = ?",
            (to_micros(snapshot.at), episode.id),
        )
        return 0
    missing_for = snapshot.at - since
    if snapshot.is_trusted and missing_for >= grace.close_after:
        connection.execute(
            "UPDATE episodes SET ends_at = ?, is_stale = 0 WHERE id = ?",
            (to_micros(since), episode.id),
        )
        append(connection, Change(episode.id, snapshot.at, Kind.CLOSED_UNCONFIRMED, ends_at=since))
        return 1
    if episode.is_stale or missing_for < grace.stale_after:
        return 0
    connection.execute("UPDATE episodes SET is_stale = 1 WHERE id = ?", (episode.id,))
    append(connection, Change(episode.id, snapshot.at, Kind.STALE))
    return 1
