"""The result of drills: for people, as Markdown, and for machines."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from burnrate.drill.observation import Step
from burnrate.drill.output.live_screen import step_line
from burnrate.drill.result import Result

_LEGEND = (
    'Seconds. "Notified after": from the fault to the inbox. "Resolved after": from the end of the '
    "fault to the resolution in the inbox. Theory is the latest that rules and routes allow."
)


def text(result: Result) -> str:
    """Return one result for a terminal."""
    lines = [f"{result.name}: {result.verdict}"]
    if result.arrived:
        lines.append(f"  came: {result.arrived}")
    lines += [f"  {step_line(result, step)}" for step in _in_order(result)]
    if result.consequences:
        lines.append(f"  also paged, as expected: {', '.join(result.consequences)}")
    if result.flaps:
        lines.append(f"  stopped pending: {result.flaps} times")
    if result.load:
        lines.append(f"  load: {result.load}")
    return "\n".join(lines)


def markdown(results: Sequence[Result], at: datetime | None = None) -> str:
    """Return a report in Markdown on drills that were held or skipped; `at` is now without it."""
    when = (at or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M UTC")
    held = [result for result in results if result.skipped is None]
    passed = sum(result.has_passed for result in held)
    lines = [
        f"# Fire drills, {when}",
        "",
        f"{passed} of {len(held)} drills passed.",
        "",
        "| Drill | Result | Notified after | Theory | Resolved after | Theory |",
        "|---|---|---:|---:|---:|---:|",
        *(_row(result) for result in results),
        "",
        _LEGEND,
    ]
    for result in held:
        lines += ["", f"## {result.name}", "", f"What was broken: {result.summary}."]
        came = f" Came: {result.arrived}." if result.arrived else ""
        lines += [f"Expected: {result.expected}.{came}", ""] if result.expected else [""]
        lines += ["| Step | Elapsed | Theory |", "|---|---:|---:|"]
        lines += [_step_row(result, step) for step in _in_order(result)]
        if result.consequences:
            lines += ["", f"Also paged, as expected: {', '.join(result.consequences)}."]
        if not result.has_passed or result.late:
            lines += ["", f"**{result.verdict}**"]
    return "\n".join(lines) + "\n"


def as_json(result: Result) -> dict[str, Any]:
    """Return one result for machines; times are seconds since the beginning of the drill."""
    return {
        "drill": result.name,
        "passed": result.has_passed,
        "verdict": result.verdict,
        "skipped": result.skipped,
        "expected": result.expected,
        "arrived": result.arrived,
        "steps": [
            {
                "step": step.name.lower(),
                "elapsed_seconds": round(result.marks[step], 3),
                "theory_seconds": _rounded(result.latest(step)),
                "is_late": result.is_late(step),
            }
            for step in _in_order(result)
        ],
        "other_pages": list(result.unexpected_pages),
        "consequences": list(result.consequences),
        "flaps": result.flaps,
        "load": result.load,
    }


def _in_order(result: Result) -> Iterable[Step]:
    return [step for step in Step if step in result.marks]


def _row(result: Result) -> str:
    notified = next((s for s in (Step.STORED, Step.LATE) if s in result.marks), None)
    resolved = next((s for s in (Step.RESOLVED, Step.HEARD) if s in result.marks), None)
    cells = [
        result.name,
        result.verdict.replace("|", "\\|"),
        *_since(result, notified, Step.FAULT_ON),
        *_since(result, resolved, Step.FAULT_OFF),
    ]
    return f"| {' | '.join(cells)} |"


def _since(result: Result, step: Step | None, since: Step) -> tuple[str, str]:
    if step is None or since not in result.marks:
        return "", ""
    latest, begin = result.latest(step), result.marks[since]
    theory = "" if latest is None else f"{latest - begin:.0f}"
    return f"{result.marks[step] - begin:.0f}", theory


def _step_row(result: Result, step: Step) -> str:
    latest = result.latest(step)
    theory = "" if latest is None else f"{latest:.1f}"
    return f"| {step} | {result.marks[step]:.1f} | {theory} |"


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
