"""Writes a delivery into the store: the log, the episodes it moves, the transitions."""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerting.inbox.store.deliveries import Alert, Delivery
from alerting.inbox.store.episodes import Episode, Kind, Sighting, State, Step, advance
from alerting.inbox.store.incidents import incident_of
from alerting.inbox.store.listing import Summary, summarize
from alerting.inbox.store.text import cut_pairs
from alerting.inbox.store.timestamps import from_micros, to_micros
from alerting.inbox.store.transitions import Change, append


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a committed delivery did."""

    delivery_id: int
    transitions: int
    summary: Summary


@dataclass(frozen=True, slots=True)
class Latest:
    """An alert's latest episode as it is stored."""

    id: int
    is_stale: bool
    last_received_at: datetime
    episode: Episode


def record(
    connection: sqlite3.Connection, delivery: Delivery, identity: Sequence[str] = ("service",)
) -> Recorded:
    """Store the delivery in one transaction; when this returns, it is on the disk."""
    connection.execute("BEGIN IMMEDIATE")
    delivery_id = _log(connection, delivery)
    transitions = sum(
        _apply(connection, delivery, delivery_id, alert, identity) for alert in delivery.alerts
    )
    summary = summarize(connection)
    connection.execute("COMMIT")
    return Recorded(delivery_id, transitions, summary)


def write_probe(connection: sqlite3.Connection, now: datetime) -> None:
    """Do all that a delivery does and take it back; commit one row, for `read_probe` to find."""
    alert = Alert(State.FIRING, "probe", now, labels={"alertname": "Probe"})
    delivery = Delivery("probe", "firing", (alert,), "{}", now, "probe")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("SAVEPOINT delivery")
    delivery_id = _log(connection, delivery)
    _apply(connection, delivery, delivery_id, alert, ("service",))
    summarize(connection)
    connection.execute("ROLLBACK TO delivery")
    connection.execute("INSERT OR REPLACE INTO probe (id, at) VALUES (1, ?)", (to_micros(now),))
    connection.execute("COMMIT")


def read_probe(connection: sqlite3.Connection) -> datetime | None:
    """Return the time that `write_probe` wrote last; None if it never did."""
    row = connection.execute("SELECT at FROM probe").fetchone()
    return None if row is None else from_micros(int(row[0]))


def _log(connection: sqlite3.Connection, delivery: Delivery) -> int:
    digest = hashlib.sha256(delivery.body.encode()).digest()
    connection.execute(
        "INSERT OR IGNORE INTO bodies (digest, body) VALUES (?, ?)", (digest, delivery.body)
    )
    cursor = connection.execute(
        """
        INSERT INTO deliveries (received_at, request_id, receiver, group_key, status,
                                external_url, alerts, truncated_alerts, body_id)
        SELECT ?, ?, ?, ?, ?, ?, ?, ?, id FROM bodies WHERE digest = ?
        """,
        (
            to_micros(delivery.received_at),
            delivery.request_id,
            delivery.receiver,
            delivery.group_key,
            delivery.status,
            delivery.external_url,
            len(delivery.alerts),
            delivery.truncated_alerts,
            digest,
        ),
    )
    return int(cursor.lastrowid or 0)


def latest_episode(
    connection: sqlite3.Connection, receiver: str, fingerprint: str
) -> Latest | None:
    """Return the latest episode of an alert, the only one that may be open."""
    row = connection.execute(
        """
        SELECT id, is_stale, last_received_at, starts_at, newest_start_at, ends_at, resolved_before
        FROM episodes WHERE receiver = ? AND fingerprint = ? ORDER BY id DESC LIMIT 1
        """,
        (receiver, fingerprint),
    ).fetchone()
    if row is None:
        return None
    episode = Episode(*map(from_micros, row[3:]))
    return Latest(row[0], bool(row[1]), from_micros(int(row[2])), episode)


def _apply(
    connection: sqlite3.Connection,
    delivery: Delivery,
    delivery_id: int,
    alert: Alert,
    identity: Sequence[str],
) -> bool:
    """Move the alert's latest episode; whether that was a transition."""
    receiver, received_at = delivery.receiver, delivery.received_at
    latest = latest_episode(connection, receiver, alert.fingerprint)
    seen = Sighting(alert.state, alert.starts_at, alert.ends_at, received_at)
    step = advance(latest.episode if latest else None, seen)
    if latest is None or step.is_new_episode:
        episode_id = insert_episode(
            connection, receiver, alert, step.episode, received_at, identity, is_delivered=True
        )
    else:
        episode_id = latest.id
        _update(connection, received_at, alert, episode_id, step)
    kind = step.kind
    if kind is None and alert.state is State.FIRING and latest is not None and latest.is_stale:
        kind = Kind.CONFIRMED
    if kind is None:
        return False
    change = Change(
        episode_id,
        received_at,
        kind,
        delivery_id=delivery_id,
        starts_at=alert.starts_at,
        ends_at=alert.ends_at,
    )
    append(connection, change)
    return True


def insert_episode(
    connection: sqlite3.Connection,
    receiver: str,
    alert: Alert,
    episode: Episode,
    at: datetime,
    identity: Sequence[str],
    *,
    is_delivered: bool = False,
) -> int:
    """Begin an episode inside the caller's transaction; returns its id.

    Args:
        connection: In a transaction.
        receiver: The receiver the alert was for.
        alert: What was delivered or listed.
        episode: The times to begin with.
        at: When it was delivered or listed.
        identity: The labels that together name a service.
        is_delivered: Whether it came here; what was only listed was not heard.
    """
    received_at = to_micros(at)
    is_heard = is_delivered and alert.state is State.FIRING
    cursor = connection.execute(
        """
        INSERT INTO episodes (receiver, fingerprint, starts_at, newest_start_at, ends_at,
                              resolved_before, first_received_at, last_received_at,
                              last_firing_received_at, deliveries, alertname, severity, service,
                              labels, annotations, generator_url, incident_id)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            receiver,
            alert.fingerprint,
            *_times(episode),
            received_at,
            received_at,
            received_at if is_heard else None,
            int(is_delivered),
            *(alert.labels.get(name, "") for name in ("alertname", "severity", "service")),
            _json(alert.labels),
            _json(alert.annotations),
            alert.generator_url,
            incident_of(connection, alert.labels, identity, at),
        ),
    )
    return int(cursor.lastrowid or 0)


def _update(
    connection: sqlite3.Connection,
    at: datetime,
    alert: Alert,
    episode_id: int,
    step: Step,
) -> None:
    received_at = to_micros(at)
    is_firing = alert.state is State.FIRING
    # Annotations carry figures, so the newest are wanted; a late resolve has old ones.
    is_current = is_firing or step.kind in {Kind.CLOSED, Kind.ENDED_LATER}
    connection.execute(
        """
        UPDATE episodes SET starts_at = ?, newest_start_at = ?, ends_at = ?, resolved_before = ?,
            last_received_at = max(last_received_at, ?),
            last_firing_received_at = CASE WHEN ? THEN ? ELSE last_firing_received_at END,
            deliveries = deliveries + 1,
            unconfirmed_since = CASE WHEN ? THEN NULL ELSE unconfirmed_since END,
            is_stale = CASE WHEN ? THEN 0 ELSE is_stale END,
            annotations = CASE WHEN ? THEN ? ELSE annotations END,
            generator_url = CASE WHEN ? THEN ? ELSE generator_url END
        WHERE id = ?
        """,
        (
            *_times(step.episode),
            received_at,
            is_firing,
            received_at,
            # Firing confirms it; ended, there is nothing left to confirm.
            is_firing or step.episode.ends_at is not None,
            is_firing or step.episode.ends_at is not None,
            is_current,
            _json(alert.annotations),
            is_current,
            alert.generator_url,
            episode_id,
        ),
    )


def _times(episode: Episode) -> tuple[int | None, ...]:
    return (
        to_micros(episode.starts_at),
        to_micros(episode.newest_start_at),
        to_micros(episode.ends_at),
        to_micros(episode.resolved_before),
    )


def _json(pairs: dict[str, str]) -> str:
    return json.dumps(cut_pairs(pairs), ensure_ascii=False)
