"""An SLO as the generator sees it: specification and settings joined, nothing left open."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from burnrate.slo.specification.settings import SloSettings
from burnrate.slo.specification.sloth import SloSpec
from burnrate.slo.windows import TIERS, Tier


@dataclass(frozen=True)
class Slo:
    """One SLO of one service.

    Attributes:
        job: The scrape job of the service.
        labels: What every record and alert carries.
    """

    service: str
    job: str
    spec: SloSpec
    settings: SloSettings
    labels: dict[str, str]
    period_days: int
    minimum_failures: int
    runbook_url: str
    dashboard_url: str

    @property
    def name(self) -> str:
        """Its name, unique in its service."""
        return self.spec.name

    @property
    def objective(self) -> Fraction:
        """The part of good events, 0 to 1."""
        return Fraction(str(self.spec.objective)) / 100

    @property
    def budget(self) -> Fraction:
        """The part of events that may be bad."""
        return 1 - self.objective

    @cached_property
    def selector(self) -> str:
        """The labels of its records, as a selector without the name."""
        return "{" + ", ".join(f'{name}="{quote(value)}"' for name, value in self._ids()) + "}"

    @property
    def period(self) -> str:
        """The period as a PromQL duration."""
        return f"{self.period_days}d"

    def tiers(self) -> list[Tier]:
        """Return the tiers that its specification has not turned off."""
        alerting = self.spec.alerting
        off = {"page": alerting.page_alert.disable, "ticket": alerting.ticket_alert.disable}
        return [tier for tier in TIERS if not off[tier.severity]]

    def alert_name(self, tier: Tier) -> str:
        """Return the name of a tier's alert."""
        return f"{self.spec.alerting.name}{tier.suffix}"

    def threshold(self, tier: Tier) -> Fraction:
        """Return the error ratio above which a tier's alert fires."""
        return tier.factor(self.period_days) * self.budget

    def _ids(self) -> list[tuple[str, str]]:
        return [("service", self.service), ("slo", self.name)]


@dataclass(frozen=True)
class Service:
    """A service with its SLOs.

    Attributes:
        stem: The name of its files.
    """

    name: str
    stem: str
    job: str
    runbook_url: str
    dashboard_url: str
    slos: tuple[Slo, ...]


def quote(value: str) -> str:
    """Escape a value for a double-quoted PromQL string."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def number(value: Fraction) -> str:
    """Write a number as a person would: as short as it is exact, or with six digits."""
    return f"{float(value):.6g}"
