"""Whether a target answers: asked from here, and then what Prometheus says of it."""

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from burnrate.http_client import HttpClient, NoAnswer
from burnrate.prometheus_client import PrometheusClient
from burnrate.service.wanted import ENGINE_HOST, Wanted
from burnrate.stack import LOOPBACK

_PROBE_SECONDS = 5.0
# A reload is seen at once, files of targets within seconds, and a scrape follows within five.
_SCRAPE_SECONDS = 40.0
_POLL_SECONDS = 0.5


def unreachable(wanted: Wanted) -> list[str]:
    """Return a reason for each target that does not answer this machine with metrics."""
    found = []
    for target in wanted.targets:
        address = target.replace(ENGINE_HOST, LOOPBACK)
        url = f"{wanted.scheme}://{address}"
        with HttpClient(target, url, timeout_seconds=_PROBE_SECONDS) as client:
            try:
                if client.samples(wanted.metrics_path).is_empty:
                    found.append(f"{url}{wanted.metrics_path} has no metrics")
            except (NoAnswer, UnicodeDecodeError) as reason:
                found.append(str(reason))
    return found


@dataclass(frozen=True)
class TargetState:
    """A target as Prometheus sees it.

    Attributes:
        health: up, down, or unknown until its first scrape.
        error: Why it is down.
    """

    job: str
    instance: str
    health: str
    error: str


def target_states(prometheus: PrometheusClient, jobs: Collection[str]) -> list[TargetState]:
    """Return the targets of some jobs; NoAnswer if Prometheus does not say."""
    active = prometheus.ask("targets?state=active", _states)
    return [each for each in active if each.job in jobs]


def _states(data: Any) -> list[TargetState]:  # noqa: ANN401 - JSON
    return [
        TargetState(
            each["labels"]["job"], each["labels"]["instance"], each["health"], each["lastError"]
        )
        for each in data["activeTargets"]
    ]


def not_scraped(
    prometheus: PrometheusClient,
    wanted: Wanted,
    instances: Sequence[str],
    seconds: float = _SCRAPE_SECONDS,
) -> list[str]:
    """Wait until Prometheus has scraped each target.

    Args:
        prometheus: That one.
        wanted: The service.
        instances: Its targets as this Prometheus names them.
        seconds: End the wait.

    Returns:
        A reason for each that it could not scrape, or does not know.
    """
    deadline = time.monotonic() + seconds
    while True:
        states = {each.instance: each for each in target_states(prometheus, {wanted.job})}
        reasons = list(_reasons(instances, states))
        if not reasons or time.monotonic() >= deadline:
            return reasons
        time.sleep(_POLL_SECONDS)


def _reasons(instances: Iterable[str], states: dict[str, TargetState]) -> Iterable[str]:
    for instance in instances:
        state = states.get(instance)
        if state is None:
            yield f"Prometheus does not know the target {instance}"
        elif state.health != "up":
            yield f"Prometheus does not reach {instance}: {state.error or 'not scraped yet'}"
