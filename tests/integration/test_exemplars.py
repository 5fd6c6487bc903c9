"""A real Prometheus stores the exemplars of many workers: from a bucket to the trace in it."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from burnrate.stack import free_port
from tests.servers.collector import running_collector
from tests.servers.processes import HOST, ServerProcess
from tests.support.waiting import wait_until
from tests.telemetry.service import Service, running

pytestmark = pytest.mark.integration

CONFIGURATION = """
scrape_configs:
  - job_name: shop
    scrape_interval: 250ms
    scrape_timeout: 250ms
    static_configs: [{targets: ["%s"]}]
"""
PATHS = ("/shop/orders/7", "/shop/orders/7/fail", "/shop/orders/7/slow?seconds=0.06")
Exemplars = dict[str, dict[str, str]]


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[str]:
    """Run a Prometheus that scrapes `target`; give its address."""
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed")
    configuration = folder / "prometheus.yml"
    configuration.write_text(CONFIGURATION % target)
    port = free_port()
    process = ServerProcess(
        [
            "prometheus",
            f"--config.file={configuration}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={HOST}:{port}",
            "--enable-feature=exemplar-storage",
        ],
        folder / "prometheus.log",
        port=port,
    )
    with process.running():
        yield f"http://{HOST}:{port}"


def stored_exemplars(url: str) -> Exemplars:
    """Return the labels of the series of each trace that Prometheus has as an exemplar."""
    now = time.time()
    answer = httpx2.get(
        f"{url}/api/v1/query_exemplars",
        params={
            "query": "http_request_duration_seconds_bucket",
            "start": str(now - 300),
            "end": str(now + 60),
        },
    ).json()
    return {
        exemplar["labels"]["trace_id"]: series["seriesLabels"]
        for series in answer["data"]
        for exemplar in series["exemplars"]
    }


def send(service: Service, path: str, *, is_sampled: bool) -> str:
    """Send one request of a trace of its own; return the trace's id."""
    trace_id = uuid4().hex
    flag = "01" if is_sampled else "00"
    service.get(path, {"traceparent": f"00-{trace_id}-b7ad6b7169203331-{flag}"})
    return trace_id


def test_sampled_requests_of_all_workers_are_found_by_their_bucket(tmp_path: Path) -> None:
    """By endpoint, status class and bucket; one that is not sampled has none unless it failed."""
    settings = {"OTEL_TRACES_SAMPLER": "parentbased_always_off"}
    with (
        running_collector() as collector,
        running(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, **settings) as service,
        prometheus(tmp_path, service.url.removeprefix("http://")) as url,
    ):
        latest, unsampled = {}, set[str]()
        for path in PATHS * 5:
            trace_id = send(service, path, is_sampled=False)
            if path != PATHS[1]:
                unsampled.add(trace_id)
            latest[path] = send(service, path, is_sampled=True)
        wait_until(lambda: set(latest.values()) <= stored_exemplars(url).keys(), "the exemplars")
        late = send(service, PATHS[1], is_sampled=False)
        wait_until(lambda: late in stored_exemplars(url), "the failure's exemplar")
        stored = stored_exemplars(url)
    slow = stored[latest[PATHS[2]]]
    assert slow["endpoint"] == "/shop/orders/{order}/slow"
    assert (slow["status_class"], float(slow["le"]) > 0.05) == ("2xx", True)
    assert stored[latest[PATHS[1]]]["status_class"] == "5xx"
    assert not unsampled & stored.keys()
    assert stored[late]["status_class"] == "5xx"
    sent = {span.trace_id.hex() for span in collector.spans()}
    assert stored.keys() <= sent, "an exemplar leads to a trace that exists"
