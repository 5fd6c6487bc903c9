"""A wall clock that steps back by an hour: durations come from another one."""

import asyncio
from pathlib import Path

import httpx2

from tests.servers.api import ApiServer, running_api, wait_until_in_progress
from tests.servers.clocks import Clock
from tests.servers.collector import running_collector
from tests.support.samples import read_samples
from tests.support.waiting import PATIENCE_SECONDS

HOUR = 3600


def test_no_duration_is_negative(backends: dict[str, str], tmp_path: Path) -> None:
    """Neither in a line, nor in a metric, nor of a span, also of a request across the step."""
    clock = Clock(tmp_path)
    with running_collector() as collector:
        settings = {
            "FAULTS_ENABLED": "true",
            "OTEL_TRACES_SAMPLER": "always_on",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            **clock.settings,
        }
        with running_api(**backends, **settings) as api:
            metrics = asyncio.run(_ask_across(api, clock))
            lines = [line for line in api.log_lines() if "process_time" in line]
        spans = collector.spans()
    moments = [line["timestamp"] for line in lines]
    assert moments != sorted(moments), "the clock has stepped"
    assert min(line["process_time"] for line in lines) >= 0
    assert min(read_samples(metrics).values()) >= 0
    assert len(spans) >= len(lines)
    assert min(span.end_time_unix_nano - span.start_time_unix_nano for span in spans) >= 0


async def _ask_across(api: ApiServer, clock: Clock) -> str:
    async with httpx2.AsyncClient(base_url=api.base_url, timeout=PATIENCE_SECONDS) as client:
        across = [asyncio.create_task(client.get("/faults/slow?seconds=5")) for _ in range(4)]
        assert (await client.get("/users")).status_code == 200
        await wait_until_in_progress(client, len(across))
        clock.step(-HOUR)
        for answer in [await client.get(path) for path in ("/users", "/posts") for _ in range(10)]:
            assert answer.status_code == 200
            assert 1 <= int(answer.headers["RateLimit"].rpartition("=")[2]) <= 60
        assert {answer.status_code for answer in await asyncio.gather(*across)} == {200}
        return (await client.get("/metrics")).text
