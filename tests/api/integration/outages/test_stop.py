"""SIGTERM: requests end, the lifespan's shutdown runs, and nothing that was measured is lost."""

import asyncio
import signal
from collections import Counter

import httpx2
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.servers.api import ApiServer, running_api, wait_until_in_progress
from tests.servers.collector import Collector, running_collector
from tests.support.waiting import PATIENCE_SECONDS

IN_FLIGHT = 50
TRACED = {"OTEL_TRACES_SAMPLER": "always_on", "FAULTS_ENABLED": "true"}


def test_requests_in_flight_complete_and_all_is_flushed(backends: dict[str, str]) -> None:
    """Fifty requests that are all in progress: fifty answers, fifty lines, fifty spans."""
    with running_collector() as collector:
        settings = {**TRACED, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        with running_api(**backends, **settings) as api:
            statuses = asyncio.run(_stop_under(api, IN_FLIGHT))
            assert api.wait() == 0
            lines = api.log_lines()
        spans = _server_spans(collector)
    assert statuses == {200: IN_FLIGHT}
    assert sum(line.get("route") == "/faults/slow" for line in lines) == IN_FLIGHT
    assert spans == {"GET /faults/slow": IN_FLIGHT}
    assert _count(lines, "Application shutdown complete.") == 4
    assert not [line for line in lines if line["level"] in ("error", "critical")]


def test_request_that_takes_too_long_does_not_keep_the_shutdown_from_running(
    backends: dict[str, str],
) -> None:
    """Not even the span of what ended before is lost, and nobody is killed."""
    with running_collector() as collector:
        settings = {
            **TRACED,
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "GRACEFUL_TIMEOUT_SECONDS": "5",
            "WEB_CONCURRENCY": "1",
        }
        with running_api(**backends, **settings) as api:
            with api.client() as client:
                assert client.get("/users").status_code == 200
            asyncio.run(_stop_under(api, 1, seconds=60))
            assert api.wait() == 0
            lines = api.log_lines()
        spans = _server_spans(collector)
    assert _count(lines, "Application shutdown complete.") == 1
    assert spans["GET /users"] == 1
    assert spans["GET /faults/slow"] == 1
    # gunicorn says so of a worker that it had to kill.
    assert not [line for line in lines if "SIGKILL" in line["message"]]


async def _stop_under(api: ApiServer, count: int, seconds: float = 10) -> Counter[int]:
    """Send SIGTERM once `count` requests are in flight; return what they were answered."""
    limits = httpx2.Limits(max_connections=count + 1)
    async with httpx2.AsyncClient(
        base_url=api.base_url, timeout=PATIENCE_SECONDS, limits=limits
    ) as client:
        path = f"/faults/slow?seconds={seconds}"
        asked = [asyncio.create_task(client.get(path)) for _ in range(count)]
        await wait_until_in_progress(client, count)
        api.send(signal.SIGTERM)
        answers = await asyncio.gather(*asked, return_exceptions=True)
    return Counter(answer.status_code for answer in answers if isinstance(answer, httpx2.Response))


def _server_spans(collector: Collector) -> Counter[str]:
    spans = [span for span in collector.spans() if span.kind == Span.SPAN_KIND_SERVER]
    return Counter(span.name for span in spans if "/metrics" not in span.name)


def _count(lines: list[dict[str, object]], message: str) -> int:
    return sum(line["message"] == message for line in lines)
