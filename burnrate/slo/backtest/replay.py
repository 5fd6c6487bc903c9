"""What an SLO's alerts and its budget would have done over what a Prometheus holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from burnrate.durations import parse_duration
from burnrate.promql import selectors
from burnrate.slo.backtest.courses import Course, course
from burnrate.slo.backtest.episodes import AskedAlert, Episode, Episodes
from burnrate.slo.backtest.history import History
from burnrate.slo.generator import (
    SERIES,
    events_name,
    kept_groups,
    observed,
    raw_events,
    service_alerts,
)
from burnrate.slo.pace import tier_seconds
from burnrate.slo.simulation import rules_of
from burnrate.slo.specification import Service, Slo
from burnrate.slo.windows import DAY, EVALUATION_SECONDS, M5, TICKET_EVALUATION_SECONDS

# So that all windows of alerts are full when the days begin that are looked at.
WARM_UP_SECONDS = 3 * DAY
_RECORDS = "slo:"


@dataclass(frozen=True)
class Span:
    """What is looked at.

    Attributes:
        begin: From when on history is read.
        since: From when on it is told of.
        until: When it ends.
    """

    begin: int
    since: int
    until: int

    @classmethod
    def of(cls, days: int, until: float, step: int) -> "Span":
        """Return so many days before a moment, at whole evaluations of all groups."""
        grid = max(step, TICKET_EVALUATION_SECONDS)
        end = int(until // grid * grid)
        since = end - days * DAY
        return cls(since - WARM_UP_SECONDS, since, end)


@dataclass
class Replayed:
    """What became of one SLO.

    Attributes:
        span: What was looked at.
        step: The seconds from one evaluation to the next.
        first: The first moment at which something was measured; None if there was none.
        measured_seconds: For how long something was measured, of what is told of.
        missing_seconds: For how long nothing was, since the first moment.
        budget: The part of the budget that was left at the end of each day; None if nothing was
            known of it.
        unknown: The alerts that were not looked at.
        sample_seconds: How far apart samples are, as far as that is known.
    """

    service: str
    slo: Slo
    span: Span
    step: int
    first: int | None = None
    measured_seconds: int = 0
    missing_seconds: int = 0
    episodes: Sequence[Episode] = ()
    budget: list[tuple[int, float | None]] = field(default_factory=list)
    unknown: Sequence[str] = ()
    sample_seconds: int | None = None


def replay(service: Service, slo: Slo, history: History, span: Span) -> Replayed:
    """Run an SLO's rules over what a Prometheus holds.

    Raises:
        NoAnswer: Prometheus does not answer, or refuses a query.
    """
    return _Replay(service, slo, history, span).run()


class _Replay:
    def __init__(self, service: Service, slo: Slo, history: History, span: Span) -> None:
        self._slo, self._history, self._span = slo, history, span
        self._count = (span.until - span.begin) // history.step + 1
        self._course: Course = course(slo, history, span.begin, self._count)
        self._episodes = Episodes()
        self._asked, unknown = _asked(service, slo)
        self._tiers = [
            (rules, max(tier_seconds(slo, tier), history.step), slo.severities)
            for rules, tier in zip(rules_of(slo, history.step), slo.tiers, strict=True)
        ]
        self._result = Replayed(service.title, slo, span, history.step, unknown=unknown)

    def run(self) -> Replayed:
        history, span, result = self._history, self._span, self._result
        for piece in history.pieces(span.begin, self._count):
            for index, is_measured in enumerate(self._course.evaluations(piece)):
                self._evaluate(piece.begin + index * history.step, is_measured=is_measured)
            if result.first is not None:
                for alert in self._asked:
                    alert.look(history, piece, result.first, self._episodes)
        result.episodes = [
            each for each in self._episodes.all() if each.end is None or each.end > span.since
        ]
        result.sample_seconds = self._sample_seconds()
        return result

    def _evaluate(self, time: int, *, is_measured: bool) -> None:
        result, is_told = self._result, time >= self._span.since
        if is_measured and result.first is None:
            result.first = time
        # An evaluation speaks for the time before it.
        if time > self._span.since and result.first is not None:
            if is_measured:
                result.measured_seconds += self._history.step
            else:
                result.missing_seconds += self._history.step
        for tier, every, words in self._tiers:
            if time % every == 0:
                fires = self._course.fires(tier)
                word = words.get(tier.severity, tier.severity)
                self._episodes.say(time, tier.name, word, fires=fires)
        if result.first is not None and time % TICKET_EVALUATION_SECONDS == 0:
            self._look_at_budget(time, is_told=is_told)

    def _look_at_budget(self, time: int, *, is_told: bool) -> None:
        slo, period = self._slo, self._course.period()
        bad, total = period or (0, 0)
        left = 1 - min(bad / max(total, 1e-12), 1) / float(slo.budget)
        if is_told and (time % DAY == 0 or time == self._span.until):
            self._result.budget.append((time, left if period else None))
        if "ticket" in slo.disabled:
            return
        is_enough = bad > slo.minimum_failures - 0.5
        word = slo.severities.get("ticket", "ticket")
        conditions = {
            "ErrorBudgetLow": 0 < left < float(slo.low_budget),
            "ErrorBudgetSpent": left <= 0,
        }
        for alert, is_so in conditions.items():
            self._episodes.say(time, alert, word, fires=is_so and is_enough)

    def _sample_seconds(self) -> int | None:
        """Return how far apart samples are, by the last hour of its first counter."""
        terms = self._slo.terms("total")
        if not terms or self._result.first is None:
            return None
        query = f"max(count_over_time({terms[0].selector.text}[1h]))"
        samples = self._history.at(query, self._span.until)
        return round(3600 / samples) if samples else None


def _seconds(group: dict[str, Any]) -> int:
    return int(str(group["interval"]).removesuffix("s"))


def _asked(service: Service, slo: Slo) -> tuple[list[AskedAlert], list[str]]:
    """Return the alerts that read only what is scraped, and those that nobody looks at."""
    rules = [(rule, _seconds(group)) for group in kept_groups(slo) for rule in group["rules"]]
    known = {rule["record"]: str(rule["expr"]) for rule, _ in rules if _is_constant(rule)}
    known |= _scraped(slo)
    own = {slo.alert_name(tier) for tier in slo.tiers} | {"ErrorBudgetLow", "ErrorBudgetSpent"}
    asked, unknown = [], []
    alerts = [
        *((rule, every) for rule, every in rules if "alert" in rule and rule["alert"] not in own),
        *((rule, EVALUATION_SECONDS) for rule in service_alerts(service)),
    ]
    for rule, every in alerts:
        query = _filled(str(rule["expr"]), slo, known)
        if any(each.name.startswith(_RECORDS) for each in selectors(query)):
            unknown.append(rule["alert"])
            continue
        waits = int(parse_duration(rule["for"])) if "for" in rule else 0
        asked.append(AskedAlert(rule["alert"], rule["labels"]["severity"], query, waits, every))
    return asked, unknown


def _is_constant(rule: dict[str, Any]) -> bool:
    return "record" in rule and str(rule["expr"]).startswith("vector(")


def _scraped(slo: Slo) -> dict[str, str]:
    """Return the record that says whether anything is measured, as a query of what is scraped."""
    if slo.has_ledger:
        return {SERIES: f"({observed(slo).series})"}
    return {events_name("total", M5): f"({raw_events(slo, 'total', M5)})"}


def _filled(query: str, slo: Slo, known: dict[str, str]) -> str:
    for name, value in known.items():
        query = query.replace(f"{name}{slo.selector}", value)
    return query
