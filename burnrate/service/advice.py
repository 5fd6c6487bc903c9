"""What a person is told after a service was added or removed."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

from burnrate.configuration import Configuration, load_configuration
from burnrate.http_client import NoAnswer
from burnrate.pinned import repository_of
from burnrate.service.inventory import Inventory
from burnrate.service.running import Running
from burnrate.service.wanted import Wanted
from burnrate.slo.live import looked_up
from burnrate.slo.specification import LatencySettings, Service

# Of our own telemetry, whose lines and spans the stack takes as well.
_OWN_SOURCE = "burnrate"


def about_added(
    wanted: Wanted,
    files: Mapping[Path, str | None],
    there: Inventory,
    running: Running | None,
    before: Inventory,
) -> Iterator[str]:
    """Yield lines: what is there now, what is not measured yet, and what to do next.

    Args:
        wanted: The service.
        files: What was written.
        there: The checkout with the service.
        running: The stack, if it runs.
        before: The checkout without it.
    """
    service = next(each for each in there.services if each.source == f"{wanted.stem}.yml")
    names = ", ".join(f"{each.name} {each.spec.objective:g} %" for each in service.slos)
    yield f"{service.title} is in, with {names}"
    yield from _written(files)
    yield from _findings(service, running)
    yield from _pages(service, _addressed(there, running))
    yield "next:"
    if running is None:
        is_checkout = repository_of(there.checkout) == there.checkout
        yield f"  {'make up' if is_checkout else 'burnrate stack up'}"
    if _slowest(there) != _slowest(before):
        yield "  python -m grafana.build: dashboards colour by the slowest threshold, which moved"
    yield f"  change objectives in {there.specification_of(service)}, then burnrate slo generate"
    if wanted.source == _OWN_SOURCE:
        yield from _lines_and_spans(wanted, running)
    yield "  commit the files above"


def about_removed(
    service: Service, files: Mapping[Path, str | None], running: Running | None
) -> Iterator[str]:
    """Yield lines: what is gone, and what is not."""
    yield f"{service.title} is out"
    yield from _written(files)
    if running is not None:
        yield "what fires of it resolves within minutes; its recorded figures stay"
    yield "commit the change"


def _written(files: Mapping[Path, str | None]) -> Iterator[str]:
    by_hand = [path for path in files if not path.name.startswith("slo-")]
    for path in by_hand:
        yield f"  {'removed' if files[path] is None else 'wrote'} {path}"
    if more := len(files) - len(by_hand):
        yield f"  and {more} files of rules and their tests"


def _findings(service: Service, running: Running | None) -> Iterator[str]:
    if running is None or running.prometheus_url is None:
        return
    try:
        found = looked_up(running.prometheus_url, [service])
    except NoAnswer:
        return
    for finding in found:
        yield f"not measured yet: {finding}"
    if found:
        yield "  (burnrate slo check --prometheus URL asks again, once it has had requests)"


def _addressed(there: Inventory, running: Running | None) -> Configuration:
    """Return a team's choices with the addresses of the machine on which the stack runs."""
    if running is None:
        return there.configuration
    return load_configuration(there.checkout, running.session.settings)


def _pages(service: Service, configuration: Configuration) -> Iterator[str]:
    chosen = urlencode({f"var-{name}": value for name, value in service.identity.items()})
    yield f"  {configuration.urls.inbox}/services/{service.name}"
    yield f"  {configuration.dashboard_base}/burnrate-overview?{chosen}"


def _lines_and_spans(wanted: Wanted, running: Running | None) -> Iterator[str]:
    if running is not None and running.stack.mode == "processes":
        log = running.stack.layout.log(wanted.name)
        traces = f"http://{running.session.addresses.local('tempo')}".rpartition(":")[0]
        port = running.session.addresses.port("tempo", 4318)
        yield f"  log lines: have it write to {log}"
        yield f"  traces: OTEL_EXPORTER_OTLP_ENDPOINT={traces}:{port}"
    else:
        yield f"  log lines: give its container the label burnrate.service={wanted.name}"
        yield "  traces, on the network telemetry: OTEL_EXPORTER_OTLP_ENDPOINT=http://tempo:4318"


def _slowest(there: Inventory) -> float:
    return max(
        (
            slo.threshold_seconds
            for service in there.services
            for slo in service.slos
            if isinstance(slo.settings, LatencySettings) and slo.threshold_seconds is not None
        ),
        default=0.0,
    )
