"""All drills: what each breaks, and which alert must come of it. The one place that says so."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from burnrate.drill.clients.http import Web
from burnrate.drill.clients.prometheus_api import Prometheus
from burnrate.drill.errors import DrillError
from burnrate.drill.expectation import event_counts as sli
from burnrate.drill.expectation.expected_alert import Expected
from burnrate.drill.faults.injected import (
    Fault,
    Injections,
    Parts,
    StoppedPart,
    Together,
    burnt_executor,
    held_pools,
    logged_errors,
)
from burnrate.load.mix import (
    Maker,
    create_post,
    list_posts,
    list_users,
    search_posts,
    show_post,
    show_user,
)

# All that reading mixes ask for, by method and template.
_READ_ROUTES = (
    ("GET", "/posts"),
    ("GET", "/posts/{post_id}"),
    ("GET", "/posts/search"),
    ("GET", "/users"),
    ("GET", "/users/{user_id}"),
)
_READING: Mapping[Maker, int] = {
    list_posts: 3,
    show_post: 3,
    search_posts: 1,
    list_users: 1,
    show_user: 2,
}
# Nothing of this comes from the cache, so every request takes a connection.
_QUERYING: Mapping[Maker, int] = {list_users: 2, show_user: 3, search_posts: 1, create_post: 1}
# Workers read what is injected once a second.
_INJECTED_SECONDS = 1.5
# Which worker takes a request is chance: until every one of four has got its hold, about eight
# tries are made, a third of a second apart; more where luck is bad.
_HELD_SECONDS = 8.0
# Until a line is in Loki: Alloy looks for new lines, and sends them in batches, each second or so.
_SHIPPED_SECONDS = 5.0
_LATE_BY_SECONDS = 0.6
_LIKELY = 0.9


@dataclass(frozen=True)
class Kit:
    """What faults are made of."""

    service: Web
    parts: Parts
    prometheus: Prometheus


@dataclass(frozen=True)
class Drill:
    """One drill.

    Args:
        name: What it is called by.
        summary: What breaks, for people.
        job: The scrape job that sees it first.
        expected: The alert that must arrive.
        fault: Makes the fault.
        bad: Grows, or rises above what it was, with the first bad sample.
        consequences: Pages that this fault causes as well, and rightly so.
        events: What the expected rule counts, for a burn-rate rule.
        bad_share: How much of that is bad while the fault is on, at least.
        onset_seconds: From the fault to the first failure that can be counted, at most.
        load: The requests during the drill.
        is_inbox_away: The inbox is down until Alertmanager has tried in vain.
        sees: What notices: a rule of Prometheus, the inbox' dead man's switch, a rule of Loki.
    """

    name: str
    summary: str
    job: str
    expected: Expected
    fault: Callable[[Kit], Fault]
    bad: str
    consequences: tuple[Expected, ...] = ()
    events: sli.Sli | None = None
    bad_share: float = 1.0
    onset_seconds: float = 1.0
    load: Mapping[Maker, int] = field(default_factory=lambda: _READING)
    is_inbox_away: bool = False
    sees: Literal["prometheus", "watchdog", "loki"] = "prometheus"


def _slo(name: str) -> Expected:
    return Expected({"service": "api", "slo": name, "severity": "page"})


def _down(service: str, severity: str = "page") -> Expected:
    return Expected({"service": service, "severity": severity}, name="ServiceDown|TargetDown")


_AVAILABILITY = _slo("availability")
_LATENCY = _slo("latency")
# After the fault as well: what it looks at are failures of the last minutes.
_UNTOLD = Expected({"severity": "page"}, name="NotificationsFailing")
# Any page about the service: for faults that take all of it away.
_ANY_OF_API = Expected({"service": "api", "severity": "page"})


def _failing(kit: Kit) -> Fault:
    return Injections(kit.service, _READ_ROUTES, "exception")


def _slow(kit: Kit) -> Fault:
    return Injections(kit.service, _READ_ROUTES, "latency", _LATE_BY_SECONDS)


def _held(pool: str) -> Callable[[Kit], Fault]:
    def make(kit: Kit) -> Fault:
        workers = round(kit.prometheus.value('sum(workers{job="api"})'))
        most = round(kit.prometheus.value(f'sum(pool_max_connections{{job="api",pool="{pool}"}})'))
        if not workers or not most:
            raise DrillError(f"Prometheus knows nothing yet of the pool {pool!r}: try again")
        return held_pools(kit.service, pool, workers=workers, connections=most // workers)

    return make


def _burnt(kit: Kit) -> Fault:
    workers = round(kit.prometheus.value('sum(workers{job="api"})'))
    most = round(kit.prometheus.value('sum(pool_max_connections{job="api",pool="cpu"})'))
    if not workers or not most:
        raise DrillError("Prometheus knows nothing yet of the pool 'cpu': try again")
    return burnt_executor(kit.service, most // workers)


def _stopped(part: str) -> Callable[[Kit], Fault]:
    return lambda kit: StoppedPart(kit.parts, part)


_ALL = (
    Drill(
        name="errors",
        summary="every reading route answers 500",
        job="api",
        expected=_AVAILABILITY,
        fault=_failing,
        bad=sli.AVAILABILITY.bad_so_far(),
        events=sli.AVAILABILITY,
        onset_seconds=_INJECTED_SECONDS,
    ),
    Drill(
        name="latency",
        summary=f"every reading route takes {_LATE_BY_SECONDS:g} s more",
        job="api",
        expected=_LATENCY,
        fault=_slow,
        bad=sli.LATENCY.bad_so_far(),
        events=sli.LATENCY,
        onset_seconds=_INJECTED_SECONDS + _LATE_BY_SECONDS,
    ),
    Drill(
        name="db-pool",
        summary="all PostgreSQL connections of the service are held",
        job="api",
        expected=_slo(".*postgres.*"),
        fault=_held("postgres"),
        bad=sli.pool("postgres").bad_so_far(),
        # Whoever waits for a connection in vain is answered 503, whoever gets one is late.
        consequences=(_AVAILABILITY, _LATENCY),
        events=sli.pool("postgres"),
        bad_share=_LIKELY,
        onset_seconds=_HELD_SECONDS,
        load=_QUERYING,
    ),
    Drill(
        name="redis-pool",
        summary="all Redis connections of the service are held",
        job="api",
        expected=_slo(".*redis.*"),
        fault=_held("redis"),
        bad=sli.pool("redis").bad_so_far(),
        events=sli.pool("redis"),
        bad_share=_LIKELY,
        onset_seconds=_HELD_SECONDS,
    ),
    Drill(
        name="cpu-pool",
        summary="the executor has more work than threads",
        job="api",
        expected=_slo(".*cpu.*"),
        fault=_burnt,
        bad=sli.pool("cpu").bad_so_far(),
        # On a machine with few processors the others wait for theirs.
        consequences=(_LATENCY,),
        events=sli.pool("cpu"),
        bad_share=0.5,
        onset_seconds=3.0,
    ),
    Drill(
        name="instance-down",
        summary="the service is stopped",
        job="api",
        expected=_down("api"),
        fault=_stopped("api"),
        bad='1 - up{job="api"}',
        consequences=(_ANY_OF_API,),
    ),
    Drill(
        name="postgres-down",
        summary="PostgreSQL is stopped",
        job="postgres",
        expected=_down("postgres"),
        fault=_stopped("postgres"),
        bad='1 - pg_up{job="postgres"}',
        # What needs the database is answered 503.
        consequences=(_ANY_OF_API,),
    ),
    Drill(
        name="redis-down",
        summary="Redis is stopped: a ticket and no page, for the service goes on without it",
        job="redis",
        expected=_down("redis", "ticket"),
        fault=_stopped("redis"),
        bad='1 - redis_up{job="redis"}',
    ),
    Drill(
        name="prometheus-down",
        summary="Prometheus is stopped: the inbox must miss its watchdog",
        job="prometheus",
        expected=Expected({}),
        fault=_stopped("prometheus"),
        bad="",
        sees="watchdog",
    ),
    Drill(
        name="alertmanager-down",
        summary="Alertmanager is stopped: the inbox must miss its watchdog",
        job="alertmanager",
        expected=Expected({}),
        fault=_stopped("alertmanager"),
        bad="",
        # What Prometheus could tell nobody meanwhile.
        consequences=(_down("alertmanager"), _UNTOLD),
        sees="watchdog",
    ),
    Drill(
        name="inbox-down",
        summary="the inbox is stopped while every reading route answers 500",
        job="api",
        expected=_AVAILABILITY,
        fault=lambda kit: Together([StoppedPart(kit.parts, "inbox"), _failing(kit)]),
        bad=sli.AVAILABILITY.bad_so_far(),
        consequences=(_down("inbox"), _UNTOLD),
        events=sli.AVAILABILITY,
        onset_seconds=_INJECTED_SECONDS,
        is_inbox_away=True,
    ),
    Drill(
        name="log-errors",
        summary="errors are logged, and requests are answered well",
        job="loki",
        expected=Expected({"service": "api", "severity": "ticket"}, name="LogErrorBurst"),
        fault=lambda kit: logged_errors(kit.service),
        bad="",
        onset_seconds=_SHIPPED_SECONDS,
        sees="loki",
    ),
)
DRILLS: Mapping[str, Drill] = {drill.name: drill for drill in _ALL}
