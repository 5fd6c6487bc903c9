"""What the team promises, as the dashboards are built from it: tiers, thresholds, identity."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from burnrate.configuration import Configuration, load_configuration
from burnrate.slo.specification import LatencySettings, Service, load_all
from burnrate.slo.windows import Tier

# Where no service has a latency objective: what everybody notices.
_SLOW_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Promises:
    """What a query cannot read from the recorded series.

    Attributes:
        tiers: The pairs of windows that alerts judge by, the fastest first.
        period_days: The period that most services have.
        low_budget: The part of a budget below which it is low.
        slow_seconds: From when on an answer is coloured: the latency objective's threshold, the
            largest where services have several.
        identity: The labels that together name a service.
    """

    tiers: tuple[Tier, ...]
    period_days: int
    low_budget: float
    slow_seconds: float
    identity: tuple[str, ...]

    @classmethod
    def of(cls, configuration: Configuration, services: Sequence[Service]) -> "Promises":
        """Return what a team's file and its specifications promise."""
        thresholds = [
            slo.threshold_seconds
            for service in services
            for slo in service.slos
            if isinstance(slo.settings, LatencySettings) and slo.threshold_seconds is not None
        ]
        return cls(
            tiers=tuple(map(Tier.of, configuration.tiers)),
            period_days=configuration.period_days,
            low_budget=configuration.low_budget,
            slow_seconds=max(thresholds, default=_SLOW_SECONDS),
            identity=configuration.identity,
        )

    @classmethod
    def read(cls, root: Path) -> "Promises":
        """Read burnrate.yml and the specifications of a checkout."""
        configuration = load_configuration(root)
        return cls.of(configuration, load_all(root / "prometheus/slo", configuration))

    @property
    def fastest_page(self) -> Fraction:
        """How many times the sustainable rate the fastest page fires for."""
        pages = [tier for tier in self.tiers if tier.severity == "page"] or list(self.tiers)
        return max(tier.factor(self.period_days) for tier in pages)
