"""All drills: what each breaks, and which alert must come of it. The one place that says so."""

from collections.abc import Callable, Mapping

from burnrate.drill.definition import Drill, FaultContext
from burnrate.drill.errors import DrillError
from burnrate.drill.expectation import ExpectedAlert
from burnrate.drill.faults import (
    Fault,
    Injections,
    StoppedPart,
    Together,
    burnt_executor,
    held_pools,
    logged_errors,
)
from burnrate.load import Maker, create_post, search_posts, show_user

# All that reading mixes ask for, by method and template.
_READ_ROUTES = (
    ("GET", "/posts"),
    ("GET", "/posts/{post_id}"),
    ("GET", "/posts/search"),
    ("GET", "/users"),
    ("GET", "/users/{user_id}"),
)
# Nothing of this comes from the cache, so every request takes a connection.
_QUERYING: Mapping[Maker, int] = {show_user: 5, search_posts: 1, create_post: 1}
# Workers read what is injected once a second.
_INJECTED_SECONDS = 1.5
# Which worker takes a request is chance: until every one of four has got its hold, about eight
# tries are made, a third of a second apart; more where luck is bad.
_ALL_HELD_SECONDS = 8.0
# Until a line is in Loki: Alloy looks for new lines, and sends them in batches, each second or so.
_SHIPPED_SECONDS = 5.0
_LATE_BY_SECONDS = 0.6
_LIKELY = 0.9


def _slo(name: str) -> ExpectedAlert:
    return ExpectedAlert({"service": "api", "slo": name, "severity": "page"})


def _cause(name: str) -> ExpectedAlert:
    """Return the alert of an SLO that users do not feel: a ticket."""
    return ExpectedAlert({"service": "api", "slo": name, "severity": "ticket"})


def _down(service: str, severity: str = "page") -> ExpectedAlert:
    return ExpectedAlert({"service": service, "severity": severity}, name="ServiceDown|TargetDown")


_AVAILABILITY = _slo("availability")
_LATENCY = _slo("latency")
# After the fault as well: what it looks at are failures of the last minutes.
_NOTIFICATIONS_FAILING = ExpectedAlert({"severity": "page"}, name="NotificationsFailing")
# Any page about the service: for faults that take all of it away.
_ANY_OF_API = ExpectedAlert({"service": "api", "severity": "page"})


def _failing(context: FaultContext) -> Fault:
    return Injections(context.service, _READ_ROUTES, "exception")


def _slow(context: FaultContext) -> Fault:
    return Injections(context.service, _READ_ROUTES, "latency", _LATE_BY_SECONDS)


def _pool_held(pool: str) -> Callable[[FaultContext], Fault]:
    def make(context: FaultContext) -> Fault:
        workers, connections = _pool_size(context, pool)
        return held_pools(context.service, pool, workers=workers, connections=connections)

    return make


def _executor_burnt(context: FaultContext) -> Fault:
    _, threads = _pool_size(context, "cpu")
    return burnt_executor(context.service, threads)


def _pool_size(context: FaultContext, pool: str) -> tuple[int, int]:
    """Return how many workers there are, and how many connections of a pool each has."""
    workers = round(context.prometheus.value('sum(workers{job="api"})'))
    most = round(context.prometheus.value(f'sum(pool_max_connections{{job="api",pool="{pool}"}})'))
    if not workers or not most:
        raise DrillError(f"Prometheus knows nothing yet of the pool {pool!r}: try again")
    return workers, most // workers


def _stopped(part: str) -> Callable[[FaultContext], Fault]:
    return lambda context: StoppedPart(context.parts, part)


_ALL = (
    Drill(
        name="errors",
        summary="every route that reads answers 500",
        job="api",
        expected=_AVAILABILITY,
        fault=_failing,
        onset_seconds=_INJECTED_SECONDS,
    ),
    Drill(
        name="latency",
        summary=f"every route that reads takes {_LATE_BY_SECONDS:g} s more",
        job="api",
        expected=_LATENCY,
        fault=_slow,
        onset_seconds=_INJECTED_SECONDS + _LATE_BY_SECONDS,
    ),
    Drill(
        name="db-pool",
        summary="all PostgreSQL connections of the service are held",
        job="api",
        expected=_cause(".*postgres.*"),
        fault=_pool_held("postgres"),
        # Requests that wait for a connection in vain are answered 503, those that get one are late.
        consequences=(_AVAILABILITY, _LATENCY),
        bad_share=_LIKELY,
        onset_seconds=_ALL_HELD_SECONDS,
        load=_QUERYING,
    ),
    Drill(
        name="redis-pool",
        summary="all Redis connections of the service are held",
        job="api",
        expected=_cause(".*redis.*"),
        fault=_pool_held("redis"),
        bad_share=_LIKELY,
        onset_seconds=_ALL_HELD_SECONDS,
    ),
    Drill(
        name="cpu-pool",
        summary="the executor has more work than threads",
        job="api",
        expected=_cause(".*cpu.*"),
        fault=_executor_burnt,
        # On a machine with few processors the others wait for theirs.
        consequences=(_LATENCY,),
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
        summary="Redis is stopped: a ticket and no page, since the service works without it",
        job="redis",
        expected=_down("redis", "ticket"),
        fault=_stopped("redis"),
        bad='1 - redis_up{job="redis"}',
    ),
    Drill(
        name="prometheus-down",
        summary="Prometheus is stopped: the inbox must miss its watchdog",
        job="prometheus",
        expected=ExpectedAlert({}),
        fault=_stopped("prometheus"),
        noticed_by="watchdog",
    ),
    Drill(
        name="alertmanager-down",
        summary="Alertmanager is stopped: the inbox must miss its watchdog",
        job="alertmanager",
        expected=ExpectedAlert({}),
        fault=_stopped("alertmanager"),
        # What Prometheus could tell nobody meanwhile.
        consequences=(_down("alertmanager"), _NOTIFICATIONS_FAILING),
        noticed_by="watchdog",
    ),
    Drill(
        name="inbox-down",
        summary="the inbox is stopped while every route that reads answers 500",
        job="api",
        expected=_AVAILABILITY,
        fault=lambda context: Together([StoppedPart(context.parts, "inbox"), _failing(context)]),
        consequences=(_down("inbox"), _NOTIFICATIONS_FAILING),
        onset_seconds=_INJECTED_SECONDS,
        is_inbox_stopped=True,
    ),
    Drill(
        name="log-errors",
        summary="errors are logged, but requests succeed",
        job="loki",
        expected=ExpectedAlert({"service": "api", "severity": "ticket"}, name="LogErrorBurst"),
        fault=lambda context: logged_errors(context.service),
        onset_seconds=_SHIPPED_SECONDS,
        noticed_by="loki",
    ),
)
DRILLS: Mapping[str, Drill] = {drill.name: drill for drill in _ALL}
