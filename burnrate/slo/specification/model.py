"""An SLO as the generator sees it: specification and settings combined, defaults filled in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Final, Literal

from burnrate.slo.engines import PROMETHEUS, Engine
from burnrate.slo.minimums import Minimum, in_a_row, minimum_of, row_limit
from burnrate.slo.specification.routes import Routes
from burnrate.slo.specification.settings import PoolSettings, SloSettings
from burnrate.slo.specification.sloth import Events, SloSpec
from burnrate.slo.specification.terms import Term, terms
from burnrate.slo.windows import Severity, Tier

Counted = Literal["rate", "amount", "time"]

# Sloth's placeholder for a range.
WINDOW: Final = re.compile(r"\{\{\s*\.window\s*\}\}")


@dataclass(frozen=True)
class Slo:
    """One SLO of one service.

    Attributes:
        identity: The labels that name the service, `service` among them.
        service_job: The scrape job of the service; empty if none is told.
        events: Its two queries, each on one line.
        counted: What they give over a window: events a second (`rate`), events (`amount`), or, for
            an SLI that is a ratio, seconds a second (`time`).
        labels: What every record and alert carries.
        alert_labels: What its alerts carry besides.
        minimum_failures: What every tier needs at least.
        tiers: Those that its specification has not turned off and that can fire; of a cause, all
            are tickets.
        severities: The label of a page and of a ticket, where the team has words of its own.
        disabled: The severities that its specification has turned off.
        has_known_series: Whether settings tell which series an event counts up, for tests.
        routes: Counters of its requests by route, where there are such.
        threshold_seconds: The duration above which an event is bad; None for kinds without one.
        low_budget: The part of the budget below which it is called low.
        runbooks: The address of runbooks, up to the slash before an alert's name.
        dashboard: The dashboard's address, to which service and SLO are added as variables.
        engine: What evaluates its rules.
        formerly: The names that the service had before.
        is_job_assumed: Whether nobody has said that the job is called so.
    """

    identity: Mapping[str, str]
    service_job: str
    spec: SloSpec
    events: Events
    settings: SloSettings
    labels: Mapping[str, str]
    alert_labels: Mapping[str, str]
    period_days: int
    minimum_failures: int
    tiers: tuple[Tier, ...]
    threshold_seconds: float | None
    routes: Routes | None
    low_budget: Fraction
    runbooks: str
    dashboard: str
    engine: Engine = PROMETHEUS
    formerly: tuple[str, ...] = ()
    is_job_assumed: bool = False
    counted: Counted = "rate"
    severities: Mapping[Severity, str] = field(default_factory=dict)
    disabled: frozenset[Severity] = frozenset()
    has_known_series: bool = True

    @property
    def name(self) -> str:
        """Its name, unique in its service."""
        return self.spec.name

    @property
    def stem(self) -> str:
        """Its name as a part of a file's name."""
        return file_part(self.name)

    @property
    def service(self) -> str:
        """The service as people read it: all values of its identity, by default its name alone."""
        return " ".join(self.identity.values())

    @property
    def job(self) -> str:
        """The scrape job that its events come from; empty if none is told."""
        return self.settings.job or self.service_job

    @property
    def is_counted_by_service(self) -> bool:
        """Whether its events come from the service's own processes, and not from its front door."""
        return bool(self.job) and self.job == self.service_job

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
        return selector({**self.identity, "slo": self.name})

    def narrowed(self, matcher: str) -> str:
        """Return the selector with one matcher more."""
        return f"{self.selector[:-1]}, {matcher}}}"

    @cached_property
    def lookup(self) -> str:
        """The same for records of the past: with the names that the service had."""
        if not self.formerly:
            return self.selector
        names = "|".join(map(re.escape, (self.identity["service"], *self.formerly)))
        own = {**self.identity, "slo": self.name}
        shown = (
            f'{name}=~"{quote(names)}"' if name == "service" else f'{name}="{quote(value)}"'
            for name, value in own.items()
        )
        return f"{{{', '.join(shown)}}}"

    @property
    def has_ledger(self) -> bool:
        """Whether its events can be counted in a ledger: sums and differences of counters."""
        is_sum = self.counted == "rate" and all(map(self.terms, ("total", "bad")))
        return self.engine.reads_back and is_sum

    def terms(self, kind: str) -> tuple[Term, ...]:
        """Return the counters that a query adds up; none if it is no sum; kind is bad or total."""
        query = self.total_query if kind == "total" else self.error_query
        return terms(query("5m"))

    @property
    def period(self) -> str:
        """The period as a PromQL duration."""
        return f"{self.period_days}d"

    def error_query(self, window: str) -> str:
        """Return the query of bad events over a window, on one line."""
        return WINDOW.sub(window, self.events.error_query)

    def total_query(self, window: str) -> str:
        """Return the query of all events over a window, on one line."""
        return WINDOW.sub(window, self.events.total_query)

    def alert_name(self, tier: Tier) -> str:
        """Return the name of a tier's alert."""
        return f"{self.spec.alerting.name}{tier.suffix}"

    def factor(self, tier: Tier) -> Fraction:
        """Return the burn rate above which a tier fires."""
        return tier.factor(self.period_days)

    def threshold(self, tier: Tier) -> Fraction:
        """Return the error ratio above which a tier's alert fires."""
        return self.factor(tier) * self.budget

    @property
    def is_cause(self) -> bool:
        """Whether users do not feel it, so that it explains a page and never is one."""
        return isinstance(self.settings, PoolSettings)

    def minimum(self, tier: Tier) -> Minimum:
        """Return the failures that a tier's alert needs in its long window."""
        return minimum_of(tier, self.factor(tier), self.budget, self.minimum_failures)

    @property
    def failures_in_a_row(self) -> int:
        """How many failures in a row are no chance where there is little traffic."""
        return in_a_row(self.budget, self.minimum_failures)

    @property
    def row_limit(self) -> float:
        """Up to how many events an hour so many in a row are no chance."""
        return row_limit(self.budget, self.failures_in_a_row)

    @property
    def row_tier(self) -> Tier | None:
        """The tier that fires for failures in a row: its window leaves them the most time."""
        return max(self._pages or self.tiers, key=lambda tier: tier.long.seconds, default=None)

    @property
    def quick_row_tier(self) -> Tier | None:
        """The page that is evaluated most often, for rows of which its long window holds enough."""
        quick = min(self._pages, key=lambda tier: tier.long.seconds, default=None)
        return None if quick == self.row_tier else quick

    @property
    def _pages(self) -> list[Tier]:
        return [tier for tier in self.tiers if tier.severity == "page"]


@dataclass(frozen=True)
class Service:
    """A service with its SLOs.

    Attributes:
        identity: The labels that name it, `service` among them.
        stem: The name of its files.
        job: The scrape job of its processes; empty if none is told.
        source: The name of the file that it comes from.
        is_observed: Whether nobody is alerted about its processes.
        depends_on: The services whose faults become its own.
        notes: What a reader should know: what was left out, what is not needed, and why.
        alert_labels: What every alert about it carries besides.
        is_job_assumed: Whether nobody has said that the job is called so.
    """

    identity: Mapping[str, str]
    stem: str
    job: str
    alert_labels: Mapping[str, str]
    runbooks: str
    dashboard: str
    slos: tuple[Slo, ...]
    source: str = ""
    is_observed: bool = False
    depends_on: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_job_assumed: bool = False

    @property
    def name(self) -> str:
        """The value of its label `service`."""
        return self.identity["service"]

    @property
    def title(self) -> str:
        """The service as people read it: all values of its identity."""
        return " ".join(self.identity.values())


def target_labels(job: str, identity: Mapping[str, str]) -> dict[str, str]:
    """Return the labels that every series of a service's processes has.

    Targets may carry any label `service`: the job says which service they belong to.
    """
    others = {name: value for name, value in identity.items() if name != "service"}
    return {"job": job, **others} if job else others


def selector(labels: Mapping[str, str]) -> str:
    """Return a selector without a name: `{service="api", slo="latency"}`."""
    return "{" + ", ".join(f'{name}="{quote(value)}"' for name, value in labels.items()) + "}"


def quote(value: str) -> str:
    """Escape a value for a double-quoted PromQL string."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def number(value: Fraction | float) -> str:
    """Write a number as short as it is exact, or with six digits."""
    return f"{float(value):.6g}"


def file_part(name: str) -> str:
    """Return a name as a part of a file's name."""
    return name.replace("/", "-")
