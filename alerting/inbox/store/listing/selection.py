"""Which alerts and incidents somebody wants to see: as SQL, since a limit comes after it."""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from alerting.inbox.store.deliveries import WATCHDOG
from alerting.inbox.store.timestamps import to_micros

# A browser shows a list of more than that as badly as none.
_MOST_CHOICES: Final = 500
_TEAM: Final = "json_extract(labels, '$.team')"
_SLO: Final = "json_extract(labels, '$.slo')"
# A word is looked for in what a card shows: the labels' values and the two sentences.
_WORD: Final = """(
    EXISTS (SELECT 1 FROM json_each(labels) WHERE value LIKE ? ESCAPE '\\')
    OR json_extract(annotations, '$.summary') LIKE ? ESCAPE '\\'
    OR json_extract(annotations, '$.description') LIKE ? ESCAPE '\\'
)"""


@dataclass(frozen=True, slots=True)
class Selection:
    """What alerts must have to be listed; an empty text asks for nothing.

    Attributes:
        team: The value of the label `team`, which a team's settings may give its alerts.
        words: All of them stand in the labels' values, the summary or the description.
        slo: The value of the label `slo`.
    """

    severity: str = ""
    service: str = ""
    team: str = ""
    words: str = ""
    slo: str = ""

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.severity or self.service or self.team or self.slo or self.words.split())


@dataclass(frozen=True, slots=True)
class Past:
    """Which incidents: those with an alert that has all of the selection and fired in this time.

    Attributes:
        since: It ended no earlier; None for the beginning.
        until: It began no later; None for now.
    """

    selection: Selection = Selection()
    since: datetime | None = None
    until: datetime | None = None

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.selection) or self.since is not None or self.until is not None


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen."""

    services: tuple[str, ...]
    teams: tuple[str, ...]
    slos: tuple[str, ...] = ()


ALL: Final = Selection()


def condition_of(selection: Selection) -> tuple[str, tuple[str, ...]]:
    """Return conditions of SQL, each behind an AND, and their values."""
    conditions = list(_conditions(selection))
    return (
        "".join(f" AND {clause}" for clause, _ in conditions),
        tuple(value for _, values in conditions for value in values),
    )


def condition_of_incident(past: Past) -> tuple[str, tuple[object, ...]]:
    """Return a condition of SQL on `incidents.id`, behind an AND, and its values."""
    if not past:
        return "", ()
    chosen, values = condition_of(past.selection)
    times: tuple[int, ...] = ()
    if past.since is not None:
        chosen += " AND (ends_at IS NULL OR ends_at >= ?)"
        times += (to_micros(past.since),)
    if past.until is not None:
        chosen += " AND starts_at <= ?"
        times += (to_micros(past.until),)
    inner = f"SELECT 1 FROM episodes AS one WHERE one.incident_id = incidents.id{chosen}"  # noqa: S608 (clauses of ours)
    return f" AND EXISTS ({inner})", (*values, *times)


def find_choices(connection: sqlite3.Connection, *, is_past: bool = False) -> Choices:
    """Return the services, teams and SLOs that something fires for, or is kept here."""
    fires = "" if is_past else "ends_at IS NULL AND "
    rows = connection.execute(
        f"SELECT DISTINCT service, {_TEAM}, {_SLO} FROM episodes"  # noqa: S608 (constants)
        f" WHERE {fires}alertname != ? LIMIT ?",
        (WATCHDOG, _MOST_CHOICES),
    ).fetchall()
    services, teams, slos = (
        tuple(sorted({str(row[column]) for row in rows if row[column]})) for column in range(3)
    )
    return Choices(services, teams, slos)


def _conditions(selection: Selection) -> Iterator[tuple[str, tuple[str, ...]]]:
    if selection.severity:
        yield "severity = ?", (selection.severity,)
    if selection.service:
        yield "service = ?", (selection.service,)
    if selection.team:
        yield f"{_TEAM} = ?", (selection.team,)
    if selection.slo:
        yield f"{_SLO} = ?", (selection.slo,)
    for word in selection.words.split():
        pattern = "%" + re.sub(r"([%_\\])", r"\\\1", word) + "%"
        yield _WORD, (pattern, pattern, pattern)
