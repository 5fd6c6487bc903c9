"""One thing that would make an SLO silently empty or wrong."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "no-series",
    "no-label",
    "no-value",
    "renamed-label",
    "never-failed",
    "no-bucket",
    "unit",
    "native-histogram",
    "dotted-names",
    "two-writers",
    "doubled-series",
    "falling-counter",
    "never-moves",
]


@dataclass(frozen=True)
class Finding:
    """What is wrong, and what to do.

    Attributes:
        series: The selector that it is about.
        reason: What Prometheus holds.
        instead: What to do.
    """

    service: str
    slo: str
    kind: Kind
    series: str
    reason: str
    instead: str

    def __str__(self) -> str:
        return f"{self.service}, {self.slo}: {self.series}: {self.reason}. {self.instead}"

    def as_json(self) -> dict[str, str]:
        """Return it for programs."""
        return {
            "service": self.service,
            "slo": self.slo,
            "kind": self.kind,
            "series": self.series,
            "reason": self.reason,
            "instead": self.instead,
        }
