"""The service with and without its telemetry, and the document's way, in interleaved rounds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.service.generator import Figures, run_wrk
from bench.service.load_plan import LoadPlan
from bench.service.resources import cpu_seconds
from bench.service.running_service import RunningService
from bench.service.sides import DOCUMENT, OFF, ON
from burnrate.cli import CommandError

_STEADY_SHARE: Final = 0.5


@dataclass(frozen=True)
class Reading:
    """One round of one variant.

    Attributes:
        rate: Successes a second.
        cpu_seconds: For each success, by part; what failures cost is in it.
    """

    rate: float
    p50_seconds: float
    p99_seconds: float
    failed: int
    cpu_seconds: Mapping[str, float]

    @property
    def total_cpu_seconds(self) -> float:
        """What a request costs in all parts together."""
        return sum(self.cpu_seconds.values())


# What each side gave in one round, by its label.
Rounds = Sequence[Mapping[str, Reading]]


@dataclass(frozen=True)
class Comparison:
    """The readings of all sides, round by round.

    Attributes:
        full: Without think time.
        steady: At `steady_rates` requests a second.
        routes: One route alone, with few connections, by the name of the route.
    """

    full: Rounds
    steady: Rounds
    steady_rates: Mapping[str, float]
    routes: Mapping[str, Rounds]


@dataclass(frozen=True)
class Route:
    """Requests of one kind alone.

    Attributes:
        status: Of the answers, where it is no success.
    """

    maker: str
    status: int = 0


ROUTES: Final = {
    "posts, a page, from the cache": Route("list_posts"),
    "posts, one, from the cache": Route("show_one_post"),
    "posts, one that there is not": Route("show_missing_post", HTTPStatus.NOT_FOUND),
    "posts, a search": Route("search_posts"),
    "users, a page, from the cache": Route("list_users"),
}
# The same as the last, of a service that caches nothing.
MADE_ANEW: Final = "users, a page, made anew"


@dataclass(frozen=True)
class Comparer:
    """Loads services in turn.

    Args:
        content: The texts of requests.
        say: Takes a line for people.
    """

    plan: LoadPlan
    content: Path
    say: Callable[[str], None]

    def compare(
        self, sides: Mapping[str, RunningService], uncached: RunningService | None = None
    ) -> Comparison:
        """Return the readings of all rounds.

        Args:
            sides: What is loaded in turn.
            uncached: Ours, which makes each answer anew; loaded for `MADE_ANEW` alone.

        Raises:
            CommandError: nothing was served, or a part has ended.
        """
        plan = self.plan
        for service in (*sides.values(), uncached):
            if service is not None:
                self._read(service, plan.warm_up_seconds)
        full = self._rounds(
            "full load",
            plan.full_rounds,
            lambda _, service: self._full(service, plan.full_seconds),
            sides,
        )
        rates = steady_rates(full)
        steady = self._rounds(
            " and ".join(f"{rate:.0f}" for rate in sorted(set(rates.values()))) + " requests/s",
            plan.steady_rounds,
            lambda label, service: self.steady(service, rates[label]),
            sides,
        )
        return Comparison(full, steady, rates, self._routes(sides, uncached))

    def _routes(
        self, sides: Mapping[str, RunningService], uncached: RunningService | None
    ) -> Mapping[str, Rounds]:
        loaded = {label: service for label, service in sides.items() if label != OFF}
        found = {
            name: self._rounds(name, self.plan.route_rounds, self._of_route(route), loaded)
            for name, route in ROUTES.items()
        }
        if uncached is not None:
            anew = {**loaded, ON: uncached}
            read = self._of_route(Route("list_users"))
            found[MADE_ANEW] = self._rounds(MADE_ANEW, self.plan.route_rounds, read, anew)
        return found

    def _of_route(self, route: Route) -> Callable[[str, RunningService], Reading]:
        return lambda _, service: self._read(
            service,
            self.plan.route_seconds,
            connections=self.plan.route_connections,
            mix={route.maker: 1},
            expected_status=route.status,
        )

    def _rounds(
        self,
        name: str,
        rounds: int,
        read: Callable[[str, RunningService], Reading],
        sides: Mapping[str, RunningService],
    ) -> Rounds:
        found = []
        labels = list(sides)
        for number in range(rounds):
            self.say(f"{name}: round {number + 1} of {rounds}")
            first = number % len(labels)
            order = labels[first:] + labels[:first]
            readings = {label: read(label, sides[label]) for label in order}
            found.append({label: readings[label] for label in labels})
        return found

    def _full(self, service: RunningService, seconds: int) -> Reading:
        found = self._read(service, seconds)
        # The steady load is a share of it.
        if found.rate == 0:
            raise CommandError(f"the load failed: not one request was answered within {seconds} s")
        return found

    def steady(self, service: RunningService, rate: float) -> Reading:
        """Return a reading at so many requests a second; raises CommandError as `compare`."""
        # Each connection asks, gets its answer, which takes next to nothing of it, and pauses.
        think_seconds = self.plan.connections / rate
        return self._read(service, self.plan.steady_seconds, think_seconds=think_seconds)

    def _read(self, service: RunningService, seconds: float, **options: Any) -> Reading:  # noqa: ANN401
        before = cpu_seconds(service.parts)
        figures = run_wrk(
            service.target(self.plan),
            self.content,
            **{"connections": self.plan.connections, "seconds": seconds, **options},
        )
        # All answers may be later than the round: it is short, or the only worker has just left.
        if figures.served == 0:
            raise CommandError("the load failed: not one request was served")
        after = cpu_seconds(service.parts)
        used = {part: after[part] - before[part] for part in after}
        return reading(figures, seconds, used)


def reading(figures: Figures, seconds: float, used: Mapping[str, float]) -> Reading:
    """Return the reading of one round.

    Args:
        figures: What wrk saw.
        seconds: How long it sent requests.
        used: The CPU seconds of each part.
    """
    return Reading(
        rate=figures.served_in_time / seconds,
        p50_seconds=figures.p50_seconds,
        p99_seconds=figures.p99_seconds,
        failed=figures.failed,
        cpu_seconds={part: spent / max(1, figures.served) for part, spent in used.items()},
    )


def steady_rates(full: Rounds) -> dict[str, float]:
    """Return how many requests a second each side gets where nothing queues.

    Ours both get half of what the slower of them answers, so that their times can be compared; the
    document's way gets half of what it answers itself, so that it is busy to the same degree.
    """
    halves = {label: _STEADY_SHARE * median(each[label].rate for each in full) for label in full[0]}
    slower = min(half for label, half in halves.items() if label != DOCUMENT)
    return {label: half if label == DOCUMENT else slower for label, half in halves.items()}
