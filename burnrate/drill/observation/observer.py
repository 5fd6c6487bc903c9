"""What every observer does."""

from typing import Protocol

from burnrate.drill.observation.timeline import Observation


class Observer(Protocol):
    """Sees how far a drill has come."""

    def begin(self) -> None:
        """Take note of how everything is before the fault; raises NoAnswer."""

    def observe(self) -> Observation:
        """Look once; what does not answer is not seen."""
