"""Short files against what exporters expose: the events that they count.

Of each source the same requests were asked: 7 answered, 2 of them after 600 ms; one answer 503, one
exception; one 429; two health checks; one path that meets no route. `expositions/` holds what was
then exposed, shortened: by the packages, Traefik 3.7 and Envoy 1.39 themselves; ingress-nginx' is
written after its documentation, the door's after `nginx/njs`.
"""

from pathlib import Path

import pytest

from burnrate.configuration import load_configuration
from burnrate.slo.specification import Service, Slo, load_files
from tests.support.samples import read_samples

_FOLDER = Path(__file__).with_name("expositions")
# Who knows no routes counts health checks and paths that meet none.
_COUNTED = {
    "burnrate": ((9, 2), (7, 2)),
    "door": ((9, 2), (7, 2)),
    "otel": ((9, 2), (7, 2)),
    "otel-legacy": ((9, 2), (7, 2)),
    # A class of statuses hides the 429; the fine histogram has no labels at all.
    "instrumentator": ((10, 2), (13, 2)),
    "starlette_exporter": ((9, 2), (7, 2)),
    "traefik": ((12, 2), (10, 2)),
    "envoy": ((12, 2), (13, 2)),
    "ingress-nginx": ((12, 2), (10, 2)),
}
_THRESHOLDS = {"traefik": "300ms"}


def service_of(folder: Path, source: str, more: str = "") -> Service:
    """Return the service of a short file."""
    threshold = _THRESHOLDS.get(source, "250ms")
    (folder / "shop.yml").write_text(
        f"service: shop\nsource: {source}\n{more}objectives:\n  availability: 99.9\n"
        f"  latency: {{objective: 99, threshold: {threshold}}}\n"
    )
    (service,) = load_files([folder / "shop.yml"], load_configuration())
    return service


def events(slo: Slo, kind: str, exposition: str) -> float:
    """Return how many events an exposition holds, of the job that the SLO is about."""
    found = [
        ({**dict(labels), "__name__": name, "job": slo.job}, value)
        for (name, labels), value in read_samples(exposition).items()
    ]
    return sum(
        (1 if term.is_added else -1) * value
        for term in slo.terms(kind)
        for labels, value in found
        if term.selector.accepts(labels)
    )


@pytest.mark.parametrize("source", _COUNTED)
def test_a_short_file_counts_what_the_source_exposes(source: str, tmp_path: Path) -> None:
    """All events and bad ones, of both objectives, and each in a ledger."""
    exposition = (_FOLDER / f"{source}.txt").read_text()
    found = [
        (events(slo, "total", exposition), events(slo, "bad", exposition))
        for slo in service_of(tmp_path, source).slos
    ]
    assert tuple(found) == _COUNTED[source]
    assert all(slo.has_ledger for slo in service_of(tmp_path, source).slos)
