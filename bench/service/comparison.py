"""The service with its telemetry beside the same without, in interleaved rounds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bench.service.generator import Figures, run_wrk
from bench.service.load_plan import LoadPlan
from bench.service.resources import cpu_seconds
from bench.service.running_service import RunningService
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


Pairs = Sequence[tuple[Reading, Reading]]


@dataclass(frozen=True)
class Comparison:
    """Readings without telemetry, each with the one with telemetry beside it.

    Attributes:
        full: Without think time.
        steady: At `steady_rate` requests a second.
    """

    full: Pairs
    steady: Pairs
    steady_rate: float


@dataclass(frozen=True)
class Comparer:
    """Loads two services in turn.

    Args:
        content: The texts of requests.
        say: Takes a line for people.
    """

    plan: LoadPlan
    content: Path
    say: Callable[[str], None]

    def compare(self, off: RunningService, on: RunningService) -> Comparison:
        """Return the readings of all rounds.

        Raises:
            CommandError: nothing was served, or a part has ended.
        """
        plan = self.plan
        for service in (off, on):
            self._full(service, plan.warm_up_seconds)
        full = self._rounds(
            "full load", plan.full_rounds, lambda each: self._full(each, plan.full_seconds), off, on
        )
        rate = steady_rate(full)
        steady = self._rounds(
            f"{rate:.0f} requests/s",
            plan.steady_rounds,
            lambda each: self._steady(each, rate),
            off,
            on,
        )
        return Comparison(full, steady, rate)

    def _rounds(
        self,
        name: str,
        rounds: int,
        read: Callable[[RunningService], Reading],
        off: RunningService,
        on: RunningService,
    ) -> Pairs:
        pairs = []
        for number in range(rounds):
            self.say(f"{name}: round {number + 1} of {rounds}")
            if number % 2:
                with_telemetry = read(on)
                pairs.append((read(off), with_telemetry))
            else:
                pairs.append((read(off), read(on)))
        return pairs

    def _full(self, service: RunningService, seconds: int) -> Reading:
        return self._read(service, seconds, 0.0)

    def _steady(self, service: RunningService, rate: float) -> Reading:
        # Each connection asks, gets its answer, which takes next to nothing of it, and pauses.
        think_seconds = self.plan.connections / rate
        return self._read(service, self.plan.steady_seconds, think_seconds)

    def _read(self, service: RunningService, seconds: int, think_seconds: float) -> Reading:
        before = cpu_seconds(service.parts)
        figures = run_wrk(
            service.target(self.plan),
            self.content,
            connections=self.plan.connections,
            seconds=seconds,
            think_seconds=think_seconds,
        )
        if figures.served_in_time == 0:
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


def steady_rate(full: Pairs) -> float:
    """Return half of what the slower variant answers a second."""
    off, on = ([pair[side].rate for pair in full] for side in (0, 1))
    return _STEADY_SHARE * min(median(off), median(on))
