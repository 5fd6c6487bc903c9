"""Reports show figures with their spread, and bars with what became of them."""

import pytest

from bench.measuring.spread import Spread
from bench.reporting.report import (
    Machine,
    Report,
    Row,
    Table,
    as_markdown,
    as_text,
    at_least,
    at_most,
)

FIGURE = Spread(11.04, 12.34, 13.96)


def report(*rows: Row, is_quick: bool = False, notes: tuple[str, ...] = ()) -> Report:
    """Return a report of one table with these rows."""
    return Report(
        command="bench telemetry",
        measured="2026-11-24 12:00 UTC",
        seconds=12.0,
        is_quick=is_quick,
        machine=Machine(
            processor="a processor",
            cores=2,
            system="Linux 6.1",
            load_average=0.5,
            versions={"Python": "3.11.7"},
        ),
        notes=notes,
        tables=(Table(title="A title", note="A note.", columns=("µs",), rows=rows),),
    )


@pytest.mark.parametrize(("most", "verdict"), [(12.34, "met"), (12.0, "NOT MET")])
def test_a_row_is_held_to_what_it_may_cost_at_most(most: float, verdict: str) -> None:
    """The median decides, and a missed bar stands out."""
    row = at_most("ours", (FIGURE,), FIGURE, most, " µs")
    assert as_text(report(row)).endswith(f"at most {most:g} µs: {verdict}")


@pytest.mark.parametrize(("least", "verdict"), [(12.34, "met"), (13.0, "NOT MET")])
def test_a_row_is_held_to_what_it_must_reach_at_least(least: float, verdict: str) -> None:
    """The same from the other side."""
    row = at_least("ours", (FIGURE,), FIGURE, least)
    assert as_text(report(row)).endswith(f"at least {least:g}: {verdict}")


def test_a_page_shows_median_quartiles_machine_and_versions() -> None:
    """What a figure is worth stands beside it."""
    text = as_markdown(report(Row(label="bare", cells=(FIGURE,))))
    assert "| bare | 12.3 (11.0 to 14.0) |  |" in text
    for part in ("2 cores (a processor, Linux 6.1", "Python 3.11.7", "A note.", "### A title"):
        assert part in text


def test_a_cell_without_a_reading_stays_empty() -> None:
    """The bare application is not compared with itself."""
    assert "| bare |  |  |" in as_markdown(report(Row(label="bare", cells=(None,))))


def test_a_single_reading_shows_no_spread() -> None:
    """A count of files has none."""
    text = as_markdown(report(Row(label="files", cells=(Spread(11.0, 11.0, 11.0),))))
    assert "| files | 11 |" in text


def test_a_quick_run_says_that_its_figures_say_nothing() -> None:
    """Nobody must quote one."""
    assert "QUICK RUN" in as_text(report(is_quick=True))
    assert "QUICK RUN" not in as_text(report())


def test_what_was_left_out_is_said() -> None:
    """A table without peers explains itself."""
    left_out = report(notes=("Left out: a peer.",))
    assert "Left out: a peer." in as_text(left_out)
    assert "Left out: a peer." in as_markdown(left_out)
