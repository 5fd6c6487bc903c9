"""Runs a scenario: healthy for a minute, broken, healthy again."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.scenarios.catalogue import USUAL, Scenario
from bench.scenarios.clients import Answer, Clients, Outcome
from bench.scenarios.rig import Rig, running_rig

_BEFORE_SECONDS: Final = 60.0
_AFTER_SECONDS: Final = 45.0
# A scrape, an evaluation, and what a busy machine adds to them.
_SETTLE_SECONDS: Final = 90.0
_LOOK_SECONDS: Final = 1.0
_SLO: Final = '{service="api", slo="availability"}'


@dataclass
class Seen:
    """When an alert fired and arrived, in seconds since the fault; None for what has not."""

    severity: str
    fired: float
    arrived: float | None = None


@dataclass(frozen=True)
class Found:
    """What came of a scenario.

    Attributes:
        clients: Requests by outcome, as the clients count them.
        felt: What the bad ones, and those that are neither, were.
        nginx: Requests by outcome, as nginx counts them.
        slo: Good and bad events, as the ledger of availability has them.
        alerts: By name, those that fired.
    """

    scenario: Scenario
    clients: Mapping[Outcome, int]
    felt: Mapping[str, int]
    nginx: Mapping[Outcome, int]
    slo: Mapping[Outcome, int]
    worst_burn: float
    alerts: Mapping[str, Seen] = field(default_factory=dict)

    @property
    def difference(self) -> int:
        """How many requests nginx, or the SLO, counts otherwise than the clients."""
        nginx = sum(abs(self.clients[each] - self.nginx[each]) for each in self.clients)
        return nginx + sum(abs(self.clients[each] - self.slo[each]) for each in ("good", "bad"))


async def run(
    scenario: Scenario,
    before_seconds: float = _BEFORE_SECONDS,
    after_seconds: float = _AFTER_SECONDS,
) -> Found:
    """Run one.

    Args:
        scenario: Which.
        before_seconds: How long all is well before.
        after_seconds: And after.

    Raises:
        CommandError: a program is missing, or does not come up.
    """
    with running_rig() as rig:
        clients = Clients(rig.port, USUAL)
        asking = asyncio.create_task(clients.ask())
        watch = _Watch(rig)
        watching = asyncio.create_task(watch.look())
        await asyncio.sleep(before_seconds)
        watch.began = time.monotonic()
        scenario.apply(rig)
        clients.streams = scenario.streams
        await asyncio.sleep(scenario.seconds)
        scenario.undo(rig)
        clients.streams = USUAL
        await asyncio.sleep(after_seconds)
        await clients.finish()
        await asking
        counted = await _settled(rig, clients)
        watch.is_over = True
        await watching
        return Found(
            scenario,
            _by_outcome(clients.counts()),
            felt(clients.answers),
            _of_nginx(rig),
            counted,
            watch.worst_burn,
            watch.alerts(),
        )


def _by_outcome(counts: Counter[Outcome]) -> dict[Outcome, int]:
    return {"good": counts["good"], "bad": counts["bad"], "neither": counts["neither"]}


def felt(answers: Sequence[Answer]) -> dict[str, int]:
    """Return what happened to those that were not good, the most frequent first, and how often."""
    times: dict[tuple[str, bool], list[float]] = defaultdict(list)
    for answer in answers:
        if answer.outcome != "good":
            times[answer.felt, answer.is_timed].append(answer.seconds)
    found = Counter(
        {
            what + (f" after {_span(seconds)}" if is_timed else ""): len(seconds)
            for (what, is_timed), seconds in times.items()
        }
    )
    return dict(found.most_common())


def _span(seconds: Sequence[float]) -> str:
    shortest, longest = f"{min(seconds):.0f}", f"{max(seconds):.0f}"
    return f"{shortest} s" if shortest == longest else f"{shortest} to {longest} s"


def _of_nginx(rig: Rig) -> dict[Outcome, int]:
    counts: Counter[Outcome] = Counter()
    for sample in rig.status.samples().of("front_door_requests_total"):
        for outcome in ("good", "bad", "neither"):
            if sample.labels["outcome"] == outcome:
                counts[outcome] += round(sample.value)
    return _by_outcome(counts)


async def _settled(rig: Rig, clients: Clients) -> dict[Outcome, int]:
    """Return what the ledger has, once it has what the clients have; else what it has at last."""
    wanted = clients.counts()
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        bad = round(rig.value(f"slo:bad_events:total{_SLO}"))
        total = round(rig.value(f"slo:total_events:total{_SLO}"))
        if bad == wanted["bad"] and total == wanted["bad"] + wanted["good"]:
            break
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(_LOOK_SECONDS)
    return {"good": total - bad, "bad": bad}


@dataclass
class _Watch:
    rig: Rig
    began: float = 0.0
    is_over: bool = False
    worst_burn: float = 0.0
    _fired: dict[str, tuple[str, float]] = field(default_factory=dict)

    async def look(self) -> None:
        """Look again and again, until it is over."""
        while not self.is_over:
            found = await asyncio.to_thread(self.rig.alerts)
            for alert in found:
                labels = alert["labels"]
                if alert["state"] == "firing" and labels["severity"] != "none":
                    name = labels["alertname"]
                    self._fired.setdefault(name, (labels["severity"], time.monotonic()))
            burn = await asyncio.to_thread(self.rig.value, f"slo:current_burn_rate:ratio{_SLO}")
            self.worst_burn = max(self.worst_burn, burn)
            await asyncio.sleep(_LOOK_SECONDS)

    def alerts(self) -> dict[str, Seen]:
        """Return what fired, with the times since the fault."""
        arrived = self.rig.receiver.arrived
        return {
            name: Seen(
                severity,
                at - self.began,
                arrived[name] - self.began if name in arrived else None,
            )
            for name, (severity, at) in self._fired.items()
        }
