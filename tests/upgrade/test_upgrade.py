"""The last release, upgraded to this one on the data that it left: a ledger and an inbox' file."""

import json
import re
import shutil
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alerting.inbox.store import Filter, Kind, Store
from alerting.inbox.web.delivery.payload import parse
from tests.alerting.open_store import with_store
from tests.slo.replicas import RULES as THESE_RULES
from tests.slo.replicas import Counters, Prometheus, exposed, replica, write_past
from tests.support.waiting import wait_until
from tests.upgrade.last_release import DELIVERIES, INBOX, RULES

_BURNING = {"ErrorBudgetBurnFast", "ErrorBudgetBurnHigh"}
_EVER = 'count by (alertname) (last_over_time(ALERTS{alertstate="firing", severity="page"}[1h]))'
_TERM = re.compile(r"^ +term: (\S+)$", re.MULTILINE)
_LEDGERS = ("slo:total_events:total", "slo:bad_events:total", "slo:history:start")


def _upgraded(before: Prometheus, folder: Path, port: int) -> Prometheus:
    """Stop the last release's and return this one's, on its data."""
    before.process.stop()
    return replica(folder, port, is_forgetful=False)


def _asked(prometheus: Prometheus, query: str) -> float:
    """Return a query's value; a busy Prometheus is asked again."""
    found: list[float | None] = []

    def is_answered() -> bool:
        found.append(prometheus.value(query))
        return found[-1] is not None

    wait_until(is_answered, query)
    return found[-1] or 0.0


def _wait_until_it_counts(prometheus: Prometheus, since: float) -> None:
    """Wait until it has seen the counters itself, under each name that its ledger has for them.

    Events between the last look of the old release and that one are a hole, where a name is new.
    """
    for term in sorted(set(_TERM.findall(THESE_RULES.read_text()))):
        seen = f'max(timestamp(slo:instance_events:total{{term="{term}"}}))'
        wait_until(lambda: (prometheus.value(seen) or 0) > since, f"{term} to be seen")  # noqa: B023 - asked at once


@pytest.mark.integration
def test_ledgers_go_on_and_no_page_is_false(tmp_path: Path) -> None:
    """What fired fires on and nothing besides; what was quiet stays quiet, and can still page."""
    if shutil.which("promtool") is None or shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed")
    quiet, burning = tmp_path / "quiet", tmp_path / "burning"
    well, ill = Counters(), Counters()
    for folder, counters in ((quiet, well), (burning, ill)):
        folder.mkdir()
        write_past(folder, good=900)
        counters.serve(good=100, bad=0)
    with exposed(well) as of_well, exposed(ill) as of_ill:
        first = replica(quiet, of_well, is_forgetful=False, rules=RULES)
        second = replica(burning, of_ill, is_forgetful=False, rules=RULES)
        with first.process.running(), second.process.running():
            first.wait_for(1_000, 0)
            second.wait_for(1_000, 0)
            ill.serve(good=100, bad=400)
            second.wait_for(1_500, 400)
            wait_until(lambda: second.pages() == _BURNING, "the pages of before")
            starts = [_asked(each, "max(slo:history:start)") for each in (first, second)]
            third, fourth = _upgraded(first, quiet, of_well), _upgraded(second, burning, of_ill)
            stopped = time.time()
            with third.process.running(), fourth.process.running():
                for each, counters in ((third, well), (fourth, ill)):
                    _wait_until_it_counts(each, stopped)
                    counters.serve(good=50, bad=0)
                third.wait_for(1_050, 0)
                fourth.wait_for(1_550, 400)
                wait_until(lambda: fourth.pages() == _BURNING, "the pages go on")
                assert [
                    _asked(each, "max(slo:history:start)") for each in (third, fourth)
                ] == starts
                for each in (third, fourth):
                    for name in _LEDGERS:
                        assert _asked(each, f"count({name})") == 1
                        assert _asked(each, f"sum(resets({name}[1h]))") == 0
                assert _asked(third, f"count({_EVER}) or vector(0)") == 0
                assert _asked(fourth, f"count({_EVER})") == len(_BURNING)

                well.serve(good=0, bad=500)
                wait_until(lambda: third.pages() == _BURNING, "pages of this release")


def _rows(path: Path, columns: dict[str, list[str]]) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: connection.execute(
                f"SELECT {', '.join(names)} FROM {table} ORDER BY 1"  # noqa: S608 - of the file
            ).fetchall()
            for table, names in columns.items()
        }


def _columns(path: Path) -> dict[str, list[str]]:
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            for (table,) in tables.fetchall()
            if table != "sqlite_sequence"
        }


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """The file that the last release's inbox has left."""
    path = tmp_path / "inbox.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(INBOX.read_text())
    return path


def test_the_inbox_keeps_every_row_as_it_was(inbox: Path) -> None:
    """In all columns that the last release knew; what it did not know is consistent."""
    columns = _columns(inbox)
    before = _rows(inbox, columns)
    assert len(before["episodes"]) == len(before["deliveries"]) == 3

    summary = with_store(inbox, lambda store: store.summarize())

    assert _rows(inbox, columns) == before
    with closing(sqlite3.connect(inbox)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    whole = _columns(inbox)
    after = _rows(inbox, whole)
    assert with_store(inbox, lambda store: store.summarize()) == summary
    assert (_columns(inbox), _rows(inbox, whole)) == (whole, after)


def test_the_inbox_goes_on_where_it_was(inbox: Path) -> None:
    """What Alertmanager repeats opens nothing anew; who acknowledged is known."""
    payload, kept = parse(json.dumps(DELIVERIES[1]).encode())
    repeated = payload.delivery(kept, datetime(2026, 11, 24, 13, tzinfo=UTC), "request-9")

    async def use(store: Store) -> None:
        recorded = await store.record(repeated)
        assert recorded.transitions == 0
        found = {each.id: each for each in await store.find(Filter(), None, 10)}
        assert [found[number].ends_at is None for number in (1, 2, 3)] == [False, True, True]
        got = await store.get(3)
        assert got is not None
        _, transitions = got
        said = [(each.kind, each.author, each.text) for each in transitions[1:]]
        assert said == [(Kind.ACKNOWLEDGED, "ada", "on it"), (Kind.COMMENTED, "ada", "a fuse")]

    with_store(inbox, use)
