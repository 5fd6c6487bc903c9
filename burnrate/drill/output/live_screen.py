"""The live timeline, on stderr: stdout has only the result."""

from collections.abc import Callable

from burnrate.console import is_terminal, rewrite, say
from burnrate.drill.drill_plan import Plan
from burnrate.drill.observation import Step
from burnrate.drill.result import Result

_WIDTH = max(len(step) for step in Step)


class LiveScreen:
    """Prints each step as it happens, and on a terminal what is waited for."""

    def __init__(self, write: Callable[[str], None] | None = None) -> None:
        self._say = write or (lambda line: say(line, err=True))
        self._is_live = write is None and is_terminal()

    def begin(self, plan: Plan) -> None:
        """Print what is broken, which alert is expected, and the columns of the steps."""
        drill = plan.drill
        self._line(f"{drill.name}: {drill.summary}")
        if drill.noticed_by != "watchdog":
            first = f"; in theory first: {plan.rule.name}" if plan.rule is not None else ""
            self._line(f"expected: {plan.arrival}{first}")
        self._line(f"{'':{_WIDTH}}  elapsed   theory")

    def mark(self, result: Result, step: Step) -> None:
        """Print a step beside what theory says."""
        self._line(step_line(result, step))

    def say(self, line: str) -> None:
        """Print a line of anything that is no step."""
        self._line(line)

    def tick(self, elapsed_seconds: float, waits_for: Step, load: str) -> None:
        """Show on a terminal that it goes on."""
        if self._is_live:
            text = f"{elapsed_seconds:.0f} s, waiting for: {waits_for}  |  {load}"
            rewrite(text[:150])

    def _line(self, text: str) -> None:
        if self._is_live:
            rewrite("")
        self._say(text)


def step_line(result: Result, step: Step) -> str:
    """Return a step with its elapsed time and the latest that theory allows."""
    latest = result.latest(step)
    theory = "" if latest is None else f"<= {latest:.1f} s"
    remark = "   LATE" if result.is_late(step) else ""
    return f"{step:{_WIDTH}}  {result.marks[step]:6.1f} s  {theory}{remark}".rstrip()
