"""What a drill says of itself, for people and for machines, and its exit code."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from click.testing import Result as Ended

from burnrate.drill import commands
from burnrate.drill.drill_plan import Bound
from burnrate.drill.errors import DrillError, Refused
from burnrate.drill.observation import Step
from burnrate.drill.output import markdown, text
from burnrate.drill.result import Result

MARKS: Mapping[Step, float] = {
    Step.FAULT_ON: 0.5,
    Step.STORED: 20.6,
    Step.FAULT_OFF: 21.0,
    Step.RESOLVED: 379.0,
}
BOUNDS = {Step.STORED: Bound(33.8), Step.RESOLVED: Bound(377.0, Step.FAULT_OFF)}
PASSED = Result("errors", "routes fail", "Burn with slo=a", MARKS, BOUNDS, load="2xx 9")
LATE = replace(PASSED, bounds={**BOUNDS, Step.STORED: Bound(10.0)})
STRANGE = replace(PASSED, unexpected_pages=("TargetDown (redis)",))
FAILED = Result("latency", "routes are late", problem="not stored in the inbox within 90 s")
SKIPPED = Result("log-errors", "errors are logged", skipped="Loki is not part of this stack")


def hold(
    monkeypatch: pytest.MonkeyPatch, results: Sequence[Result], *words: str, interrupt: bool = False
) -> Ended:
    """Run the command, whose drills end so."""

    def hold_all(_drills: object, _rate: float, into: list[Result], *, is_all: bool) -> None:
        assert is_all == ("--all" in words)
        into += results
        if interrupt:
            raise KeyboardInterrupt

    monkeypatch.setattr(commands, "_hold_all", hold_all)
    return CliRunner().invoke(commands.drill, words)


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([PASSED], 0),
        ([LATE], 0),
        ([PASSED, SKIPPED], 0),
        ([STRANGE], 1),
        ([PASSED, FAILED], 1),
        ([SKIPPED], 1),
    ],
)
def test_the_exit_code_is_0_only_if_every_drill_that_was_held_passed(
    monkeypatch: pytest.MonkeyPatch, results: list[Result], code: int
) -> None:
    """Late is passed, another page is not, and nothing held is no success."""
    assert hold(monkeypatch, results, "--all").exit_code == code


@pytest.mark.parametrize("error", [Refused("faults are off"), DrillError("it broke")])
def test_a_drill_that_cannot_be_held_ends_in_one_line(
    monkeypatch: pytest.MonkeyPatch, error: DrillError
) -> None:
    """With exit code 1 and nothing on stdout, where a result would be."""

    def refuse(*_args: object, **_kwargs: object) -> list[Result]:
        raise error

    monkeypatch.setattr(commands, "_hold_all", refuse)
    ended = CliRunner().invoke(commands.drill, ["errors", "--json"])
    assert ended.exit_code == 1
    assert ended.stdout == ""
    assert str(error) in ended.stderr


def test_json_is_one_object_for_one_drill_and_a_list_for_several(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With each step's time beside the latest that theory allows."""
    one = json.loads(hold(monkeypatch, [PASSED], "errors", "--json").stdout)
    assert (one["drill"], one["passed"], one["verdict"]) == ("errors", True, "passed")
    stored = {"step": "stored", "elapsed_seconds": 20.6, "theory_seconds": 34.3, "is_late": False}
    assert one["steps"][1] == stored
    assert one["steps"][3]["is_late"] is False
    several = json.loads(hold(monkeypatch, [LATE, SKIPPED], "--all", "--json").stdout)
    assert [each["passed"] for each in several] == [True, False]
    assert several[0]["steps"][1]["is_late"] is True
    assert several[1]["skipped"] == "Loki is not part of this stack"


def test_a_report_has_a_line_for_each_drill_and_its_steps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Beside what is printed, if a file is named."""
    path = tmp_path / "report.md"
    ended = hold(monkeypatch, [PASSED, STRANGE, SKIPPED], "--all", "--report", str(path))
    written = path.read_text()
    assert written == ended.stdout
    assert "1 of 2 drills passed." in written
    assert "| errors | passed | 20 | 34 | 358 | 377 |" in written
    assert "| log-errors | skipped: Loki is not part of this stack |  |  |  |  |" in written
    assert "**FAILED: other pages arrived: TargetDown (redis)**" in written
    assert "| stored in the inbox | 20.6 | 34.3 |" in written


def test_an_interrupt_keeps_what_was_held_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """All drills take an hour, and the one that was interrupted is not in the report."""
    ended = hold(monkeypatch, [PASSED], "--all", interrupt=True)
    assert ended.exit_code == 130
    assert "interrupted; the fault is undone" in ended.stderr
    assert "1 of 1 drills passed." in ended.stdout


def test_the_time_of_a_report_is_utc() -> None:
    """Whatever the machine's own zone is."""
    at = datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert markdown([], at).startswith("# Fire drills, 2026-11-24 10:00 UTC\n")


def test_what_is_late_is_named() -> None:
    """And is no failure by itself."""
    said = text(LATE)
    assert "errors: passed, but later than theory: stored in the inbox" in said
    assert "<= 10.5 s   LATE" in said
