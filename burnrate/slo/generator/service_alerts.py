"""About a service as a whole: what it depends on, and alerts where nothing answers Prometheus."""

from typing import Any, Final

from burnrate.promql import Matcher, Selector
from burnrate.slo.generator.links import service_links, slo_links
from burnrate.slo.generator.windows import SERIES, events_name
from burnrate.slo.specification import Service, Slo, selector, target_labels
from burnrate.slo.windows import M5

_Rule = dict[str, Any]

# A deployment that renames a metric in service and rules takes this long.
_MISSING_FOR: Final = "5m"
# With a scrape and an evaluation every 15 s this is a page within three minutes; less would page
# for a restart.
_DOWN_FOR: Final = "1m"
# As long as a job that nobody has named is remembered: it pages once it has been there.
_SEEN_WITHIN: Final = "1d"
# What the telemetry counts of a request that has been answered, and what it has before the first.
_DURATIONS: Final = "http_request_duration_seconds_"
_REQUESTS: Final = "http_requests_total"
# Labels that say how a request was answered.
_OF_ANSWERS: Final = frozenset({"__name__", "status", "status_class", "le"})
# Replicas are updated one after the other, each in less.
_REPLICA_FOR: Final = "2m"


def dependency_records(service: Service) -> list[_Rule]:
    """Return one series for each service that this one depends on; the inbox reads them."""
    return [
        {
            "record": "slo:depends_on:info",
            "expr": "vector(1)",
            "labels": {**service.identity, "depends_on": name},
        }
        for name in service.depends_on
    ]


def job_records(service: Service) -> list[_Rule]:
    """Return one series that says which scrape jobs count a service, where any is known.

    The inbox reads it, for the queries of runbooks: `service_job` is of the service's processes,
    `front_door_job` of what counts in front of it.
    """
    outside = sorted({slo.job for slo in service.slos} - {service.job, ""})
    jobs = {"service_job": service.job, "front_door_job": outside[0] if outside else ""}
    known = {name: job for name, job in jobs.items() if job}
    if not known:
        return []
    labels = {**service.identity, **known}
    return [{"record": "slo:service_jobs:info", "expr": "vector(1)", "labels": labels}]


def missing_alert(slo: Slo) -> _Rule:
    """Return the alert for an SLI that nothing is measured of.

    If its events come from the service itself, a service that is down has its page instead, but
    for one whose job nobody has named and Prometheus does not know. No request yet is no missing
    SLI: a histogram has no series before its first event, and the counter beside it says so.
    """
    job = f" (job {slo.job})" if slo.job else ""
    targets = f"up{selector(target_labels(slo.job, slo.identity))}"
    up = f"max({targets}) == 1"
    if slo.is_job_assumed:
        up = f"({up} or vector(1) unless on () {_seen(targets)})"
    expr = (
        f"{up if slo.is_counted_by_service else 'vector(1)'} unless on () {_counted(slo)}"
        f"{_unasked(slo)}"
    )
    return {
        "alert": "SLIMissing",
        "expr": expr,
        "for": _MISSING_FOR,
        "labels": {**slo.labels, **slo.alert_labels, "severity": "ticket"},
        "annotations": {
            "summary": f"The SLO {slo.name} of {slo.service} is not measured.",
            "description": (
                f"Prometheus{job} does not get the series that {slo.name} of"
                f" {slo.service} is counted from. What clients get meanwhile is neither good nor"
                " bad: the budget shows a hole, and none of its alerts can fire. Time to"
                " exhaustion is unknown."
            ),
            **slo_links(slo, "SLIMissing"),
        },
    }


def _counted(slo: Slo) -> str:
    return f"{SERIES if slo.has_ledger else events_name('total', M5)}{slo.selector}"


def _unasked(slo: Slo) -> str:
    """Return what says that none of the requests has come that an SLO of durations is about.

    The telemetry counts each route's requests from 0. Another library has no such series before
    the first request, so that nothing says why the histogram has none.
    """
    added = [each.selector for each in slo.terms("total") if each.is_added]
    if not added or any(not each.name.startswith(_DURATIONS) for each in added):
        return ""
    requests = " or ".join(dict.fromkeys(map(_requests, added)))
    return f" unless on () sum({requests}) == 0"


def _requests(durations: Selector) -> str:
    about = frozenset(each for each in durations.matchers if each.label not in _OF_ANSWERS)
    return Selector(about | {Matcher("__name__", "=", _REQUESTS)}).text


def down_alert(service: Service) -> _Rule:
    """Return the alert for a service of which no process answers or no target is known.

    A job that nobody has named, but that is usually called so, pages only if it has been there:
    the service may be scraped under another name.
    """
    up = _up(service)
    seen = f" and on () {_seen(up)}" if service.is_job_assumed else ""
    return {
        "alert": "ServiceDown",
        "expr": f"absent({up} == 1){seen}",
        "for": _DOWN_FOR,
        "labels": {**service.identity, **service.alert_labels, "severity": "page"},
        "annotations": {
            "summary": f"{service.title} is down.",
            "description": (
                f"No process of {service.title} answers Prometheus (job {service.job})."
                f" {_measured_meanwhile(service)}"
            ),
            **service_links(service, "ServiceDown"),
        },
    }


def replica_alert(service: Service) -> _Rule:
    """Return the alert for a service of which some processes answer and others do not."""
    up = _up(service)
    targets = (
        f'{{{{ with query "count({_escaped(up)})" }}}}{{{{ . | first | value }}}}{{{{ end }}}}'
    )
    names = f'{{{{ range query "{_escaped(up)} == 0" }}}} {{{{ .Labels.instance }}}}{{{{ end }}}}'
    return {
        "alert": "ReplicaDown",
        "expr": f"count({up} == 0) and on () max({up}) == 1",
        "for": _REPLICA_FOR,
        "labels": {**service.identity, **service.alert_labels, "severity": "ticket"},
        "annotations": {
            "summary": f"Some processes of {service.title} are down.",
            "description": (
                f'{{{{ $value | printf "%.0f" }}}} of {targets}'
                f" targets of {service.title} do not answer Prometheus (job {service.job}):{names}."
                " The others serve its clients. If one more goes, clients will feel it."
            ),
            **service_links(service, "ReplicaDown"),
        },
    }


def _measured_meanwhile(service: Service) -> str:
    outside = [slo for slo in service.slos if not slo.is_counted_by_service]
    inside = [slo.name for slo in service.slos if slo.is_counted_by_service]
    parts = [
        f"What clients get meanwhile is counted for {slo.name} (job {slo.job})." for slo in outside
    ]
    if inside:
        parts.append(
            f"Not measured until it is back: {', '.join(inside)}. Their budgets show a hole; burn"
            " rate and time to exhaustion mean nothing."
        )
    return " ".join(parts)


def _up(service: Service) -> str:
    return f"up{selector(target_labels(service.job, service.identity))}"


def _seen(targets: str) -> str:
    return f"count(count_over_time({targets}[{_SEEN_WITHIN}]))"


def _escaped(query: str) -> str:
    return query.replace("\\", "\\\\").replace('"', '\\"')
