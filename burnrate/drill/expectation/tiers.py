"""An SLO's tiers as the loaded rules record them: windows, and the error ratio they alert at."""

from collections.abc import Mapping
from dataclasses import dataclass

from burnrate.drill.clients import PrometheusApi
from burnrate.drill.expectation.bounds import Window
from burnrate.durations import parse_duration
from burnrate.slo.specification import quote

_OF_A_TIER = ("tier", "severity", "long_window", "short_window")


@dataclass(frozen=True)
class RecordedTier:
    """A pair of windows of one SLO, with an alert of its own.

    Attributes:
        name: What the alert's name ends with.
        threshold: The error ratio that both windows must be above.
    """

    slo: str
    name: str
    long_seconds: float
    short_seconds: float
    threshold: float

    @property
    def windows(self) -> tuple[Window, Window]:
        """Its two conditions, of whose events nothing is known."""
        return (
            Window(self.long_seconds, self.threshold),
            Window(self.short_seconds, self.threshold),
        )


def recorded_tiers(prometheus: PrometheusApi, labels: Mapping[str, str]) -> list[RecordedTier]:
    """Return the tiers that are recorded, the one with the shortest windows first: it fires first.

    Args:
        prometheus: Whose rules are meant.
        labels: Of the alert: service, slo and severity, as regular expressions.

    Raises:
        NoAnswer: Prometheus does not answer.
    """
    wanted = ", ".join(f'{name}=~"{quote(value)}"' for name, value in labels.items())
    samples = prometheus.query(
        f"slo:alert_burn_rate:factor{{{wanted}}}"
        f" * ignoring ({', '.join(_OF_A_TIER)}) group_left () slo:error_budget:ratio"
    )
    tiers = [
        RecordedTier(
            slo=sample.labels["slo"],
            name=sample.labels["tier"],
            long_seconds=parse_duration(sample.labels["long_window"]),
            short_seconds=parse_duration(sample.labels["short_window"]),
            threshold=sample.value,
        )
        for sample in samples
    ]
    return sorted(tiers, key=lambda tier: tier.long_seconds)
