"""The record of the stack that was started."""

from pathlib import Path

import pytest

from burnrate.stack.layout import Layout
from burnrate.stack.stack_record import (
    PartRecord,
    ProcessIdentity,
    StackRecord,
    forget_record,
    new_record,
    read_record,
    write_record,
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A state directory."""
    layout = Layout(tmp_path, tmp_path / ".burnrate")
    layout.run.mkdir(parents=True)
    return layout


def _part(name: str = "worker", *depends_on: str, files: str = "") -> PartRecord:
    return PartRecord(
        name=name, depends_on=depends_on, stop_signal="TERM", grace_seconds=1, files=files
    )


def test_the_record_of_a_stack_survives_the_command_that_wrote_it(layout: Layout) -> None:
    """Written by one command, read by the next."""
    identity = ProcessIdentity(pid=1, start_ticks=2)
    record = new_record("processes").with_parts([_part()])
    record = record.model_copy(update={"supervisor": identity})
    write_record(layout, record)
    assert read_record(layout) == record
    forget_record(layout)
    assert read_record(layout) is None


def test_after_a_reboot_no_process_is_ours(layout: Layout) -> None:
    """Ids of the last boot mean nothing; containers come back by themselves."""
    write_record(layout, StackRecord(mode="processes", boot_id="another"))
    assert read_record(layout) is None
    containers = StackRecord(mode="containers", boot_id="another")
    write_record(layout, containers)
    assert read_record(layout) == containers


def test_a_damaged_record_is_none(layout: Layout) -> None:
    """A full disk may have cut it short."""
    (layout.run / "stack.json").write_text('{"mode": "proc', encoding="utf-8")
    assert read_record(layout) is None


def test_a_part_is_recorded_once_with_what_it_was_started_with_last() -> None:
    """A changed part takes its old record's place; one that left the file is left out."""
    record = new_record("processes").with_parts([_part("db"), _part("api")])
    changed = record.restricted_to(["db"]).with_parts([_part("db", files="new"), _part("x")])
    assert [(part.name, part.files) for part in changed.parts] == [("db", "new"), ("x", "")]


def test_nothing_stops_before_what_depends_on_it() -> None:
    """The order of the start, backwards; a circle does not hang."""
    record = new_record("processes").with_parts(
        [_part("db"), _part("api", "db", "gone"), _part("proxy", "api"), _part("x")]
    )
    order = [[part.name for part in level] for level in record.stop_order()]
    assert order == [["proxy", "x"], ["api"], ["db"]]
    circle = new_record("processes").with_parts([_part("a", "b"), _part("b", "a")])
    assert len(circle.stop_order()) == 1


def test_what_only_a_new_process_can_have_is_no_renewal() -> None:
    """Another user, another socket, or files that it reads at its start."""
    before = _part().model_copy(update={"base": "b", "program": "1"})
    assert before.model_copy(update={"program": "2"}).can_be_renewed_from(before)
    assert not before.model_copy(update={"base": "c"}).can_be_renewed_from(before)
    assert not before.model_copy(update={"files": "f"}).can_be_renewed_from(before)
    assert not _part().can_be_renewed_from(_part())


def test_more_or_fewer_ports_have_not_moved() -> None:
    """An instance that is added finds the others where they were."""
    record = new_record("processes", {"A_PORT": 1, "B_PORT": 2})
    assert not record.has_moved({"A_PORT": 1})
    assert not record.has_moved({"A_PORT": 1, "B_PORT": 2, "C_PORT": 3})
    assert record.has_moved({"A_PORT": 2, "C_PORT": 3})
