"""The stack as containers when something is killed, stopped, or taken down."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import psutil
import pytest
import yaml

from tests.containers.engine import Engine
from tests.containers.images import Images
from tests.containers.stack import Containers, copied_stack
from tests.servers.checkout import ROOT
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.containers]

_SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
_PARTS = sorted(_SERVICES.keys() - {"setup"})
# A scrape and an evaluation take up to 15 s each, the rule waits a minute, and so does a flush.
_SLOW: dict[str, float] = {"seconds": 400, "every_seconds": 1}


@pytest.fixture
def settled(stack: Containers) -> Containers:
    """The stack with every part healthy."""
    _wait_until_healthy(stack)
    return stack


@pytest.mark.parametrize("part", _PARTS)
def test_a_killed_container_comes_back_and_harms_no_other(settled: Containers, part: str) -> None:
    """Its main process is killed; the engine starts it anew, and the others stay as they are."""
    if image := settled.images.absent_parts().get(part):
        pytest.skip(f"{image} cannot be pulled, and there is no stand-in")
    before = {name: each["State"]["Pid"] for name, each in settled.containers().items()}
    process = psutil.Process(before[part])
    if os.geteuid() not in {0, process.uids().real}:
        pytest.skip("only root may kill it")
    process.send_signal(signal.SIGKILL)
    wait_until(
        lambda: settled.container(part)["State"]["Pid"] not in {0, before[part]}, "a restart"
    )
    _wait_until_healthy(settled)
    after = {name: each["State"]["Pid"] for name, each in settled.containers().items()}
    assert {name for name in before if before[name] != after[name]} == {part}


def test_a_dead_service_is_told_and_its_return_too(settled: Containers) -> None:
    """Its page is in the inbox while it is stopped, and is closed after the restart."""
    down = {"service": "api", "alertname": "ServiceDown", "severity": "page"}
    with _stopped(settled, "api"):
        wait_until(lambda: settled.alerts("firing", **down), "the page", **_SLOW)
    wait_until(lambda: settled.alerts("resolved", **down), "its end", **_SLOW)
    assert not settled.alerts("firing", **down)


def test_down_and_up_keeps_metrics_alerts_and_rows(settled: Containers) -> None:
    """What Prometheus, the inbox and PostgreSQL hold outlives its container."""
    name = f"kept-{time.time_ns()}"
    user = {"name": name, "email": f"{name}@example.org"}
    created = httpx2.post(settled.url("nginx", "/users"), json=user)
    assert created.status_code == 201, created.text
    place = created.headers["location"]
    scraped = 'http_requests_total{service="api",endpoint="/users",method="POST",status="201"}'
    wait_until(lambda: bool(settled.query(scraped)), "the request's metric")
    alert = settled.alerts("firing", alertname="Watchdog")[0]
    moment = time.time()

    assert settled.run("down").returncode == 0
    assert settled.containers() == {}
    settled.up()

    assert httpx2.get(settled.url("nginx", place)).json()["name"] == name
    promql = f"{scraped} @ {moment:.3f}"
    assert [each["value"][1] for each in settled.query(promql)] == ["1"]
    kept = httpx2.get(settled.url("inbox", f"/alerts/{alert['id']}"))
    assert kept.status_code == 200


def test_an_image_that_cannot_be_pulled_is_named_beside_the_other_mode(
    engine: Engine, images: Images
) -> None:
    """One line, and nothing is left of the attempt."""
    gone = "registry.invalid/redis:1"
    with copied_stack(engine, images, REDIS_IMAGE=gone) as stack:
        done = stack.run("up", "--mode", "containers")
        assert done.returncode == 1
        assert f"cannot pull or build {gone}: MODE=processes" in done.stderr.splitlines()[0]
        assert stack.containers() == {}
        assert stack.run("status").returncode == 1


@contextmanager
def _stopped(stack: Containers, part: str) -> Iterator[None]:
    """Stop a part for a block; afterwards it is back, whatever became of the test."""
    try:
        assert stack.run("stop", part).returncode == 0
        yield
    finally:
        done = stack.run("start", part)
    assert done.returncode == 0, done.stderr


def _wait_until_healthy(stack: Containers) -> None:
    wait_until(lambda: not _sick(stack), "a healthy stack", seconds=180, every_seconds=0.25)


def _sick(stack: Containers) -> dict[str, str]:
    # A container without a health check is as healthy as it is running.
    states = {part: each["State"] for part, each in stack.containers().items()}
    health = {
        part: state.get("Health", {}).get("Status", "healthy") if state["Running"] else "stopped"
        for part, state in states.items()
    }
    return {part: status for part, status in health.items() if status != "healthy"}
