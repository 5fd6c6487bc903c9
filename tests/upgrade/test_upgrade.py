"""The last release, upgraded to this one on the data that it left: ledgers and an inbox' file."""

import json
import shutil
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from alerting.inbox.store import Filter, Kind, Store
from alerting.inbox.web.delivery.payload import parse
from burnrate.configuration import load_configuration
from burnrate.promql import selectors
from burnrate.slo.specification import load_all
from tests.alerting.open_store import with_store
from tests.servers.processes import ROOT
from tests.slo.replicas import Prometheus, exposed, replica, rules_of, write_past
from tests.support import waiting
from tests.upgrade.last_release import DELIVERIES, INBOX, RULES
from tests.upgrade.traffic import JOBS, KINDS, Traffic

_TIERS = ("Fast", "High", "Medium", "Slow")
_THESE_RULES = sorted((ROOT / "prometheus/rules").glob("slo-*.yml"))
_ALERTS = {
    "availability": "ErrorBudgetBurn",
    "latency": "LatencyBudgetBurn",
    "pool-postgres": "PoolBudgetBurn",
    "pool-redis": "PoolBudgetBurn",
    "pool-cpu": "PoolBudgetBurn",
}
# Four of five fail, which is more than 99.9 % leaves of a month, and less than 99 % does.
_BURNING = {
    *((slo, f"{alert}{tier}") for slo, alert in _ALERTS.items() for tier in _TIERS),
    *((slo, "ErrorBudgetSpent") for slo in _ALERTS if slo != "latency"),
}
_Record = tuple[str, str, str]
_LEDGERS = ("slo:total_events:total", "slo:bad_events:total", "slo:history:start")


# Asking costs the Prometheus that is waited for.
wait_until = partial(waiting.wait_until, every_seconds=0.5)


def _prometheus(folder: Path, port: int, rules: Sequence[Path]) -> Prometheus:
    return replica(folder, port, is_forgetful=False, rules=rules, jobs=JOBS)


def _upgraded(before: Prometheus, folder: Path, port: int) -> Prometheus:
    """Stop the last release's and return this one's, on its data."""
    before.process.stop()
    return _prometheus(folder, port, _THESE_RULES)


def _by_slo(prometheus: Prometheus, query: str) -> dict[str, list[float]]:
    """Return the values of a query, which are one of each SLO if all is well."""
    found: dict[str, list[float]] = {}
    for labels, value in prometheus.series(query):
        found.setdefault(labels["slo"], []).append(value)
    return found


def _wait_for_ledgers(prometheus: Prometheus, total: int, bad: int) -> None:
    """Return once the ledger of each SLO says so."""

    def ledgers() -> list[dict[str, list[float]]]:
        return [_by_slo(prometheus, f"slo:{kind}_events:total") for kind in ("total", "bad")]

    wanted = [{slo: [float(events)] for slo in KINDS} for events in (total, bad)]
    wait_until(lambda: ledgers() == wanted, f"{total} events, {bad} bad; {ledgers()}")


def _starts(prometheus: Prometheus) -> dict[str, list[float]]:
    """Return since when each ledger counts; a busy Prometheus is asked again."""
    return wait_until(lambda: _by_slo(prometheus, "slo:history:start"), "the ledgers' starts")


def _recorded(prometheus: Prometheus, since: float) -> set[_Record]:
    seconds = max(1, int(time.time() - since))
    found = prometheus.series(f'last_over_time({{__name__=~"slo:.+"}}[{seconds}s])')
    return {_record(labels["__name__"], labels) for labels, _ in found}


def _record(name: str, labels: dict[str, str]) -> _Record:
    return name, labels.get("slo", ""), labels.get("term", "")


def _wait_until_it_records(prometheus: Prometheus, before: set[_Record], since: float) -> None:
    """Wait until it records itself what was recorded before, as far as its rules have it.

    For minutes the old values are found by looking back. And the counters have to be seen under
    each name that ledgers have for them: events between the last look of the old release and that
    one are a hole, where a name is new.
    """
    rules = [rule for rule in rules_of(_THESE_RULES) if "record" in rule]
    these = {_record(rule["record"], rule["labels"]) for rule in rules}
    wanted = {each for each in these if each in before or each[2]}
    wait_until(lambda: wanted <= _recorded(prometheus, since), "all records")


def _firing(prometheus: Prometheus) -> set[tuple[str, str]]:
    return {(each.get("slo", ""), each["alertname"]) for each in prometheus.firing()}


def _fired(prometheus: Prometheus) -> set[tuple[str, str]]:
    """Return what fires or has fired, before the upgrade or after it."""
    query = 'last_over_time(ALERTS{alertstate="firing"}[1h]) or vector(0)'
    found = wait_until(lambda: prometheus.series(query), "what has fired")
    return {(each.get("slo", ""), each["alertname"]) for each, _ in found if each}


def test_traffic_has_an_event_of_each_counter_that_a_shipped_slo_reads() -> None:
    """So that a ledger in which any of them is bent is found to be."""
    for service in load_all(ROOT / "prometheus/slo", load_configuration(ROOT)):
        for slo in service.slos:
            kinds = KINDS[slo.name]
            events = [*kinds.good, *kinds.bad, *kinds.neither]
            series = [
                {each.label: each.value for each in found.matchers}
                for event in events
                for name in event
                for found in selectors(name)
            ]
            for term in (*slo.terms("total"), *slo.terms("bad")):
                assert any(map(term.selector.accepts, series)), (slo.name, str(term.selector))


@pytest.mark.integration
def test_ledgers_go_on_and_no_alert_is_false(tmp_path: Path) -> None:
    """Of each SLO: what fired fires on and nothing else does; what was quiet stays so, and can."""
    if shutil.which("promtool") is None or shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed")
    quiet, burning = tmp_path / "quiet", tmp_path / "burning"
    well, ill = Traffic(), Traffic()
    for folder, traffic in ((quiet, well), (burning, ill)):
        folder.mkdir()
        write_past(folder, good=900, rules=[RULES])
        traffic.serve(good=100, bad=0)
    with exposed(well) as of_well, exposed(ill) as of_ill:
        first, second = _prometheus(quiet, of_well, [RULES]), _prometheus(burning, of_ill, [RULES])
        with first.process.running(), second.process.running():
            _wait_for_ledgers(first, 1_000, 0)
            _wait_for_ledgers(second, 1_000, 0)
            ill.serve(good=100, bad=400)
            _wait_for_ledgers(second, 1_500, 400)
            wait_until(lambda: _firing(second) == _BURNING, "the alerts of before")
            starts = [_starts(each) for each in (first, second)]
            recorded = [_recorded(each, time.time() - 60) for each in (first, second)]
            assert all(recorded)
            third, fourth = _upgraded(first, quiet, of_well), _upgraded(second, burning, of_ill)
            stopped = time.time()
            with third.process.running(), fourth.process.running():
                for each, traffic, before in zip(
                    (third, fourth), (well, ill), recorded, strict=True
                ):
                    _wait_until_it_records(each, before, stopped)
                    traffic.serve(good=50, bad=0)
                _wait_for_ledgers(third, 1_050, 0)
                _wait_for_ledgers(fourth, 1_550, 400)
                wait_until(lambda: _firing(fourth) == _BURNING, "the alerts go on")
                assert [_starts(each) for each in (third, fourth)] == starts
                for each in (third, fourth):
                    for name in _LEDGERS:
                        assert _by_slo(each, f"resets({name}[1h])") == {slo: [0] for slo in KINDS}
                assert _fired(third) == set()
                assert _fired(fourth) == _BURNING

                well.serve(good=0, bad=500)
                wait_until(lambda: _firing(third) == _BURNING, "alerts of this release")


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
