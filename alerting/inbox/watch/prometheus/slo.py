"""An SLO as Prometheus has it recorded, and all of them at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Tier:
    """One alert of an SLO.

    Attributes:
        factor: How many times the sustainable rate it fires for, in both windows.
        long: Its long window, as Prometheus writes one: 1h.
        minimum: How many failures the long window must hold; None if that is not recorded.
    """

    name: str
    severity: str
    factor: float
    long: str
    short: str
    minimum: float | None = None


@dataclass(frozen=True, slots=True)
class Slo:
    """One SLO as it is now; what Prometheus does not say is None.

    Attributes:
        identity: The values of the labels that name its service.
        objective: The part of good events that is promised, 0 to 1.
        budget_left: The part of the error budget that is left, 1 to any negative number.
        burn_rate: How many times faster than sustainable the budget is being spent.
        page_burn_rate: The highest rate that a page fires for.
        low_budget: The part of the budget below which it is called low.
        line: The budget left over its history, oldest first: seconds since the epoch and ratio.
        tiers: Its alerts, the fastest first.
        error_ratios: The part of bad events, by window.
        history_seconds: How long its events have been counted.
        latency_seconds: What it calls slow, if it is about time.
        pool: The pool it is about, if it is about one.
        unmeasured_since: When it was measured last, if it is not measured now.
        is_measured: Whether it is measured now.
    """

    identity: tuple[str, ...]
    name: str
    objective: float | None = None
    budget_left: float | None = None
    burn_rate: float | None = None
    page_burn_rate: float | None = None
    low_budget: float | None = None
    period_days: float | None = None
    line: tuple[tuple[float, float], ...] = ()
    tiers: tuple[Tier, ...] = ()
    error_ratios: Mapping[str, float] = field(default_factory=dict)
    history_seconds: float | None = None
    latency_seconds: float | None = None
    pool: str | None = None
    unmeasured_since: datetime | None = None
    is_measured: bool = True

    @property
    def service(self) -> str:
        """Its service as people read it: by default the value of `service` alone."""
        return " ".join(filter(None, self.identity))

    @property
    def shortest_window(self) -> str:
        """The window with the newest figures that are recorded."""
        windows = [window for tier in self.tiers for window in (tier.short, tier.long)]
        return min(windows, key=seconds_of, default="5m")

    def burn_in(self, window: str) -> float | None:
        """How many times the sustainable rate it burned in a window; None if that is not known."""
        ratio = self.error_ratios.get(window)
        if ratio is None or self.objective is None or self.objective >= 1:
            return None
        return ratio / (1 - self.objective)


@dataclass(frozen=True, slots=True)
class SloFigures:
    """All SLOs as last read, when that was, and what is wrong with reading them, if anything.

    Attributes:
        line_seconds: How much time the lines of the SLOs are of, up to now.
        dependencies: The services that each service depends on, by its identity.
        jobs: The scrape jobs of each service and of its front door, by its identity; either may be
            empty.
    """

    slos: tuple[Slo, ...] = ()
    read_at: datetime | None = None
    problem: str | None = None
    identity_labels: tuple[str, ...] = ("service",)
    line_seconds: float = 0.0
    dependencies: Mapping[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    jobs: Mapping[tuple[str, ...], tuple[str, str]] = field(default_factory=dict)

    def depends_on(self, identity: Mapping[str, str]) -> tuple[str, ...]:
        """Return the services whose faults become those of a service."""
        key, _ = key_of(identity, self.identity_labels)
        return self.dependencies.get(key, ())

    def jobs_of(self, identity: Mapping[str, str]) -> tuple[str, str]:
        """Return the scrape jobs of a service and of its front door; empty where not known."""
        key, _ = key_of(identity, self.identity_labels)
        return self.jobs.get(key, ("", ""))

    def services(self) -> list[dict[str, str]]:
        """Return the labels of each service that has SLOs."""
        identities = sorted({slo.identity for slo in self.slos})
        return [dict(zip(self.identity_labels, each, strict=True)) for each in identities]

    @property
    def is_answered(self) -> bool:
        """Whether Prometheus answered when it was asked last."""
        return self.read_at is not None and self.problem != NO_ANSWER

    def find(self, labels: Mapping[str, str]) -> Slo | None:
        """Return the SLO that an alert is about."""
        wanted = key_of(labels, self.identity_labels)
        return next((slo for slo in self.slos if (slo.identity, slo.name) == wanted), None)

    def labels_of(self, slo: Slo) -> dict[str, str]:
        """Return the labels that name an SLO's service."""
        return dict(zip(self.identity_labels, slo.identity, strict=True))

    def of_service(self, wanted: Mapping[str, str]) -> list[Slo]:
        """Return the SLOs of the services that have all of these labels."""
        return [slo for slo in self.slos if wanted.items() <= self.labels_of(slo).items()]


NO_ANSWER = "Prometheus does not answer."
# The values of the labels that name a service, and the SLO's name.
Key = tuple[tuple[str, ...], str]
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def key_of(labels: Mapping[str, str], identity_labels: Sequence[str]) -> Key:
    """Return what tells an SLO from all others."""
    return tuple(labels.get(name, "") for name in identity_labels), labels.get("slo", "")


def seconds_of(window: str) -> int:
    """Return a window's seconds; 0 for what is none."""
    number, unit = window[:-1], window[-1:]
    return int(number) * _UNITS[unit] if number.isdecimal() and unit in _UNITS else 0
