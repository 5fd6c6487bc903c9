"""What came of a drill."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from burnrate.drill.drill_plan import Bound
from burnrate.drill.observation import Step


@dataclass(frozen=True)
class Result:
    """A drill that was held, or one that could not be.

    Args:
        name: The drill.
        summary: What was broken.
        expected: The alert that had to arrive, for people.
        marks: Seconds since the beginning of each step that happened.
        bounds: What theory says of a step.
        unexpected_pages: Pages that arrived and must not have.
        consequences: Pages that arrived and may.
        problem: Why it failed, if it did.
        skipped: Why it was not held, if it was not.
        load: What became of the requests.
        arrived: The name of the alert that came, where several would have done.
    """

    name: str
    summary: str
    expected: str = ""
    marks: Mapping[Step, float] = field(default_factory=dict)
    bounds: Mapping[Step, Bound] = field(default_factory=dict)
    unexpected_pages: tuple[str, ...] = ()
    consequences: tuple[str, ...] = ()
    problem: str | None = None
    skipped: str | None = None
    load: str = ""
    flaps: int = 0
    arrived: str | None = None

    @property
    def has_passed(self) -> bool:
        """Whether the expected alert, and no other page, arrived and resolved."""
        return self.problem is None and self.skipped is None and not self.unexpected_pages

    @property
    def verdict(self) -> str:
        """The result in one word and its reason."""
        if self.skipped is not None:
            return f"skipped: {self.skipped}"
        if self.problem is not None:
            return f"FAILED: {self.problem}"
        if self.unexpected_pages:
            return f"FAILED: other pages arrived: {', '.join(self.unexpected_pages)}"
        return "passed" if not self.late else f"passed, but later than theory: {self._late_text()}"

    @property
    def late(self) -> list[Step]:
        """The steps that happened later than theory says."""
        return [step for step in self.bounds if self.is_late(step)]

    def is_late(self, step: Step) -> bool:
        """Whether a step happened later than theory says."""
        latest = self.latest(step)
        return latest is not None and step in self.marks and self.marks[step] > latest

    def latest(self, step: Step) -> float | None:
        """Return until when a step must happen, in seconds since the beginning; None if unknown."""
        bound = self.bounds.get(step)
        since = self.marks.get(bound.since) if bound is not None else None
        return since + bound.seconds if bound is not None and since is not None else None

    def _late_text(self) -> str:
        return ", ".join(str(step) for step in self.late)
