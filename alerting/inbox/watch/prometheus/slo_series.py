"""The series that tell of an SLO, and how an SLO is made of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from alerting.inbox.watch.prometheus.slo import Slo, Tier, seconds_of

# One for each service that another one depends on.
DEPENDS_ON: Final = "slo:depends_on:info"
# One for each service: its scrape job, and that of what counts in front of it.
SERVICE_JOBS: Final = "slo:service_jobs:info"
BUDGET_LEFT: Final = "slo:period_error_budget_remaining:ratio"
_OBJECTIVE: Final = "slo:objective:ratio"
_BURN_RATE: Final = "slo:current_burn_rate:ratio"
_PERIOD_DAYS: Final = "slo:time_period:days"
_LOW_BUDGET: Final = "slo:error_budget_low:ratio"
_HISTORY: Final = "slo:history:seconds"
# The same for a day after nothing is measured any more.
_HISTORY_LAST: Final = "slo:history:seconds_last"
_SERIES_COUNT: Final = "slo:sli_series:count"
_LATENCY: Final = "slo:latency_threshold:seconds"
# One for each tier of alerts: how many times the sustainable rate it fires for.
_FACTOR: Final = "slo:alert_burn_rate:factor"
_MINIMUM: Final = "slo:alert_failures:minimum"
_RATIO: Final = "slo:sli_error:ratio_rate"
_PLAIN: Final = (
    BUDGET_LEFT, _OBJECTIVE, _BURN_RATE, _PERIOD_DAYS, _LOW_BUDGET, _HISTORY, _HISTORY_LAST,
    _SERIES_COUNT, _LATENCY,
)  # fmt: skip

# All of them at once.
EVERYTHING: Final = (
    f'{{__name__=~"{"|".join((*_PLAIN, DEPENDS_ON, SERVICE_JOBS, _FACTOR, _MINIMUM))}|{_RATIO}.+"}}'
)
# When an SLO was measured last, in the last day: seconds since the epoch. Without a ledger nothing
# counts the series, but a window has a value as long as there is something in it.
LAST_MEASURED: Final = (
    f"max_over_time(timestamp({_SERIES_COUNT})[1d:1m])"
    f" or max_over_time(timestamp({_RATIO}5m)[1d:1m])"
)


@dataclass
class Found:
    """What is there of one SLO."""

    values: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)
    tiers: dict[str, Tier] = field(default_factory=dict)
    minimums: dict[str, float] = field(default_factory=dict)
    pool: str | None = None

    def add(self, metric: Mapping[str, str], value: float) -> None:
        """Add the value of one series."""
        name = metric.get("__name__", "")
        self.pool = metric.get("pool") or self.pool
        tier = metric.get("tier", "")
        if name == _FACTOR:
            self.tiers[tier] = Tier(
                name=tier,
                severity=metric.get("severity", ""),
                factor=value,
                long=metric.get("long_window", ""),
                short=metric.get("short_window", ""),
            )
        elif name == _MINIMUM:
            self.minimums[tier] = value
        elif name.startswith(_RATIO):
            self.ratios[name.removeprefix(_RATIO)] = value
        else:
            self.values[name] = value

    def slo(self, identity: tuple[str, ...], name: str) -> Slo:
        """Return the SLO, without what its history shows."""
        value = self.values.get
        slo = Slo(
            identity,
            name,
            objective=value(_OBJECTIVE),
            budget_left=value(BUDGET_LEFT),
            burn_rate=value(_BURN_RATE),
            page_burn_rate=self._page_factor(),
            low_budget=value(_LOW_BUDGET),
            period_days=value(_PERIOD_DAYS),
            tiers=self._tiers(),
            error_ratios=self.ratios,
            history_seconds=value(_HISTORY, value(_HISTORY_LAST)),
            latency_seconds=value(_LATENCY),
            pool=self.pool,
        )
        return replace(slo, is_measured=self._is_measured(slo))

    def _page_factor(self) -> float | None:
        pages = [tier.factor for tier in self.tiers.values() if tier.severity == "page"]
        return max(pages, default=None)

    def _tiers(self) -> tuple[Tier, ...]:
        tiers = (
            replace(tier, minimum=self.minimums.get(name)) for name, tier in self.tiers.items()
        )
        return tuple(sorted(tiers, key=lambda tier: (seconds_of(tier.long), -tier.factor)))

    def _is_measured(self, slo: Slo) -> bool:
        """Only a ledger counts the series: without one, the shortest window must hold something."""
        if _SERIES_COUNT in self.values:
            return True
        return slo.history_seconds is None and slo.shortest_window in self.ratios
