"""Quiet rounds and pressed ones take turns, and the table says what the others noticed."""

from collections import Counter
from pathlib import Path

import pytest

from bench.reporting.report import Row, Table
from bench.service.comparison import Comparer, Reading
from bench.service.load_plan import LoadPlan
from bench.service.pressure import pressing
from bench.service.pressure.pressing import Pressure, press
from bench.service.pressure.table import pressure_table
from bench.service.resources import ProcessTree
from bench.service.running_service import RunningService
from burnrate.stack import AddressMap, Layout

PLAN = LoadPlan(steady_rounds=2)


def of(p99: float, failed: int = 0) -> Reading:
    """Return a reading."""
    return Reading(100.0, 0.005, p99, failed, {})


def row(table: Table, label: str) -> Row:
    """Return the row with this label."""
    (only,) = (each for each in table.rows if each.label == label)
    return only


def test_each_pressed_round_has_its_documents_and_its_worker_that_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who goes first changes."""
    happened: list[str] = []

    class Quick(Comparer):
        def steady(self, _service: RunningService, rate: float) -> Reading:
            happened.append(f"load {rate:.0f}")
            return of(0.01)

    def send(_url: str, host: str, count: int) -> Counter[int]:
        happened.append(f"{count} from {host}")
        return Counter({200: count - 1, 422: 1})

    monkeypatch.setattr(pressing, "send_documents", send)

    def recycle(pid: int) -> int:
        happened.append(f"one of {pid}")
        return 1

    monkeypatch.setattr(pressing, "recycle_one", recycle)
    addresses = AddressMap.from_environment({})
    service = RunningService(Layout(Path(), Path()), addresses, {"api": ProcessTree(7)})
    found = press(Quick(PLAN, Path(), lambda _: None), service, "there:1", 50.0)
    assert Counter(happened) == {"load 50": 4, "200 from there:1": 2, "one of 7": 2}
    assert happened[0] == "load 50"
    assert happened[-1] == "load 50"  # the second round's quiet reading
    assert (len(found.quiet), len(found.pressed), found.left) == (2, 2, 2)
    assert found.documents == {200: 398, 422: 2}


@pytest.mark.parametrize(
    ("pressed", "documents", "missed"),
    [
        (of(0.08), {200: 100, 422: 60, 503: 40}, set()),
        (of(0.081), {200: 200}, {"pressed to quiet"}),
        (of(0.08, failed=1), {200: 200}, {"others that failed"}),
        (of(0.08), {200: 199, 500: 1}, {"documents answered by a failure"}),
        (of(0.08), {200: 199, 0: 1}, {"documents answered by a failure"}),
    ],
)
def test_the_table_judges_the_others_and_the_answers(
    pressed: Reading, documents: dict[int, int], missed: set[str]
) -> None:
    """Twice the quiet P99 is allowed, a failure is not; refusals of documents are no failures."""
    found = Pressure([of(0.04)], [pressed], Counter(documents), 1)
    table = pressure_table(found, PLAN, 450.0)
    assert {each.label for each in table.rows if each.is_met is False} == missed
    assert row(table, "quiet").cells[2] is not None
    assert "450 requests/s" in table.note
    assert "times none" in table.note or 0 not in documents
