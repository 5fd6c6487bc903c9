"""The thread lives as long as the application, in each process that serves."""

import asyncio
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from burnrate.telemetry import instrument
from burnrate.telemetry.deadlines import Sweeper
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[3]
_NAME = "burnrate-deadlines"


def _threads() -> int:
    return len([each for each in threading.enumerate() if each.name == _NAME])


def test_it_begins_with_the_application_and_ends_with_it() -> None:
    """One thread, whoever asks it to begin again."""
    before = _threads()
    app = FastAPI()
    instrument(app, service="test", registry=CollectorRegistry())
    with TestClient(app) as client:
        client.get("/x")
        assert _threads() == before + 1
    wait_until(lambda: _threads() == before, "the end of the thread")


def test_a_blocked_event_loop_is_seen_while_it_is_blocked() -> None:
    """The route blocks until somebody has counted it: a thread of its own must."""
    app, registry = FastAPI(), CollectorRegistry()

    def is_counted() -> float:
        labels = {"method": "GET", "endpoint": "/block"}
        return registry.get_sample_value("http_requests_overdue_total", labels) or 0.0

    @app.get("/block")
    async def block() -> str:
        wait_until(is_counted, "the count", every_seconds=0.01)
        return "done"

    instrument(app, service="test", registry=registry, deadline=0.05)
    with TestClient(app) as client:
        assert client.get("/block").status_code == 200
    assert is_counted() == 1.0


def test_without_a_thread_late_requests_count_at_their_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Failing open: the start goes on, and what ends is judged by its duration."""

    def refuse(_: Sweeper) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Sweeper, "start", refuse)
    app, registry = FastAPI(), CollectorRegistry()

    @app.get("/late")
    async def late() -> None:
        begun = time.perf_counter()
        while time.perf_counter() - begun < 0.06:  # noqa: ASYNC110 - until its deadline has passed
            await asyncio.sleep(0.01)

    instrument(app, service="test", registry=registry, deadline=0.05)
    with TestClient(app) as client:
        assert client.get("/late").status_code == 200
    labels = {"method": "GET", "endpoint": "/late", "status": "504"}
    assert registry.get_sample_value("http_requests_total", labels) == 1.0


_FORK = """
import asyncio, json, os, signal, threading
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from burnrate.telemetry import instrument

app, registry = FastAPI(), CollectorRegistry()

def count(name, **labels):
    return registry.get_sample_value(name, {"method": "GET", "endpoint": "/hang", **labels}) or 0.0

@app.get("/hang")
async def hang():
    while not count("http_requests_overdue_total"):
        await asyncio.sleep(0.01)

app.get("/quick")(lambda: "quick")
instrument(app, service="forked", registry=registry, deadline=0.05, logs=False)
TestClient(app).get("/quick")
reading, writing = os.pipe()
if os.fork() == 0:
    signal.alarm(90)  # ends a test that fails
    threads = [each.name for each in threading.enumerate()]
    status = TestClient(app).get("/hang").status_code
    counted = count("http_requests_total", status="504")
    os.write(writing, json.dumps([threads, status, counted]).encode())
    os._exit(0)
os.close(writing)
os.wait()
print(os.read(reading, 65536).decode())
"""


def test_a_forked_child_looks_for_itself() -> None:
    """Its parent had served already: threads do not come along, and the first request makes one."""
    run = subprocess.run(
        [sys.executable, "-c", _FORK], cwd=ROOT, capture_output=True, text=True, check=True
    )
    threads, status, counted = json.loads(run.stdout)
    assert _NAME not in threads
    assert (status, counted) == (200, 1.0)
