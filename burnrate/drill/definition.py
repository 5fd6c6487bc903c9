"""What a drill is made of: a fault, the requests meanwhile, and the alert that must come of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from burnrate.drill.clients import PrometheusApi
from burnrate.drill.expectation import ExpectedAlert
from burnrate.drill.faults import Fault, Parts
from burnrate.http_client import HttpClient
from burnrate.load import Maker, list_posts, list_users, search_posts, show_post, show_user

READING: Mapping[Maker, int] = {
    list_posts: 3,
    show_post: 3,
    search_posts: 1,
    list_users: 1,
    show_user: 2,
}


@dataclass(frozen=True)
class FaultContext:
    """What a fault is made with: the service, the parts of the stack, and what Prometheus knows."""

    service: HttpClient
    parts: Parts
    prometheus: PrometheusApi


@dataclass(frozen=True)
class Drill:
    """One drill.

    Args:
        name: What it is called by.
        summary: What breaks, for people.
        job: The scrape job that sees it first.
        expected: The alert that must arrive.
        fault: Makes the fault.
        bad: A query that grows, or rises above what it was, with the first bad sample; empty where
            none does, and for an SLO, whose specification says what is counted.
        consequences: Pages that this fault causes as well, and rightly so.
        bad_share: How much of the SLO's events is bad while the fault is on, at least.
        onset_seconds: From the fault to the first failure that can be counted, at most.
        load: The requests during the drill.
        is_inbox_stopped: The inbox is down until Alertmanager has tried in vain.
        noticed_by: A rule of Prometheus, the inbox' dead man's switch, or a rule of Loki.
    """

    name: str
    summary: str
    job: str
    expected: ExpectedAlert
    fault: Callable[[FaultContext], Fault]
    bad: str = ""
    consequences: tuple[ExpectedAlert, ...] = ()
    bad_share: float = 1.0
    onset_seconds: float = 1.0
    load: Mapping[Maker, int] = field(default_factory=lambda: READING)
    is_inbox_stopped: bool = False
    noticed_by: Literal["prometheus", "watchdog", "loki"] = "prometheus"

    @property
    def slo(self) -> str | None:
        """The name, a regular expression, of the SLO that the alert is about, if it is."""
        return self.expected.labels.get("slo")
