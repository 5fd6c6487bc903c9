"""What a run found: tables that a terminal, a JSON file and a page can show."""

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict

from bench.measuring.spread import Spread

_SMALL: Final = 10
_LARGE: Final = 100


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class Row(_Model):
    """One line of a table; a cell without a reading is None.

    Attributes:
        bar: What the row is held to, None where it only informs.
        is_met: Whether the median keeps to the bar.
    """

    label: str
    cells: tuple[Spread | None, ...]
    bar: str | None = None
    is_met: bool | None = None


class Table(_Model):
    """Readings of one kind; columns carry their units."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


class Machine(_Model):
    """Where it was measured, and with which releases."""

    processor: str
    cores: int
    system: str
    load_average: float
    versions: dict[str, str]


class Report(_Model):
    """Everything one command found.

    Attributes:
        measured: The date, ISO 8601.
        seconds: How long it took.
        notes: What was left out, and why.
    """

    command: str
    measured: str
    seconds: float
    is_quick: bool
    machine: Machine
    notes: tuple[str, ...]
    tables: tuple[Table, ...]


def at_most(
    label: str, cells: Sequence[Spread | None], reading: Spread, most: float, unit: str
) -> Row:
    """Return a row with a bar that the median of a reading must not be above.

    Args:
        label: Of the row.
        cells: One for each of the table's columns.
        reading: What is held to the bar.
        most: The bar.
        unit: What follows it in the table.
    """
    bar = f"at most {most:g}{unit}"
    return Row(label=label, cells=tuple(cells), bar=bar, is_met=reading.median <= most)


def at_least(label: str, cells: Sequence[Spread | None], reading: Spread, least: float) -> Row:
    """Return a row with a bar that the median of a reading must not be below; as `at_most`."""
    bar = f"at least {least:g}"
    return Row(label=label, cells=tuple(cells), bar=bar, is_met=reading.median >= least)


def as_text(report: Report) -> str:
    """Return the report for a terminal: aligned columns."""
    blocks = [_heading(report), *report.notes]
    for table in report.tables:
        lines = _cells(table)
        widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
        aligned = ("  ".join(_pad(line, widths)).rstrip() for line in lines)
        blocks.append("\n".join((table.title, *aligned)))
    return "\n\n".join(blocks)


def as_markdown(report: Report) -> str:
    """Return the report for a page, as Markdown tables."""
    blocks = [f"`python -m {report.command}`, {_heading(report)}", *report.notes]
    for table in report.tables:
        header, *lines = _cells(table)
        ruler = ["---", *("---:" for _ in header[1:])]
        rows = "\n".join(f"| {' | '.join(line)} |" for line in (header, ruler, *lines))
        blocks.append(f"### {table.title}\n\n{table.note}\n\n{rows}")
    return "\n\n".join(blocks)


def _heading(report: Report) -> str:
    machine = report.machine
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    quick = "QUICK RUN, its figures say nothing: " if report.is_quick else ""
    return (
        f"{quick}measured {report.measured} in {report.seconds:.0f} s on {machine.cores} cores "
        f"({machine.processor}, {machine.system}, load average before {machine.load_average:.1f}); "
        f"{versions}."
    )


def _cells(table: Table) -> list[list[str]]:
    header = ["", *table.columns, "bar"]
    return [header, *([row.label, *map(_cell, row.cells), _verdict(row)] for row in table.rows)]


def _pad(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    label, *values = line
    padded = [value.rjust(width) for value, width in zip(values, widths[1:], strict=True)]
    return [label.ljust(widths[0]), *padded[:-1], values[-1]]


def _verdict(row: Row) -> str:
    if row.bar is None:
        return ""
    return f"{row.bar}: {'met' if row.is_met else 'NOT MET'}"


def _cell(spread: Spread | None) -> str:
    """Return the median and, in brackets, the quartiles."""
    if spread is None:
        return ""
    if spread.low == spread.high:
        return _number(spread.median)
    return f"{_number(spread.median)} ({_number(spread.low)} to {_number(spread.high)})"


def _number(value: float) -> str:
    if value == int(value) or abs(value) >= _LARGE:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < _SMALL else f"{value:.1f}"
