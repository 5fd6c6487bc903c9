"""Bench workers answer, say why they cannot, and never stay."""

import os

import psutil
import pytest

from bench.measuring.driver import Worker, clean_environment, python_path
from burnrate.cli import CommandError


@pytest.mark.parametrize(
    "subject", ["request:bare", "request:burnrate", "request:json-logger", "operation:line-ours"]
)
def test_a_worker_measures_its_subject_and_ends_with_its_context(subject: str) -> None:
    """What it prints (log lines) does not get between its answers."""
    with Worker(subject) as worker:
        reading = worker.measure(3)
        assert reading.cpu_seconds > 0
        assert worker.measure(1).wall_seconds > 0
        pid = worker.pid
    assert not psutil.pid_exists(pid)


def test_a_worker_that_breaks_shows_its_last_lines() -> None:
    """A missing package or a mistake is found without running anything by hand."""
    with Worker("request:no such way") as worker, pytest.raises(CommandError) as caught:
        worker.measure(1)
    assert "request:no such way ended" in caught.value.message
    assert caught.value.log_tail[-1] == "KeyError: 'no such way'"


def test_telemetry_settings_of_the_caller_do_not_reach_a_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A collector in the environment would turn on traces in the bare application."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "/nowhere")
    environment = clean_environment({"TELEMETRY_LOG_LEVEL": "error"})
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" not in environment
    assert "PROMETHEUS_MULTIPROC_DIR" not in environment
    assert environment["TELEMETRY_LOG_LEVEL"] == "error"
    assert environment["PATH"] == os.environ["PATH"]


def test_peers_stand_before_what_the_path_has_already(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of packages is added, and nothing is lost."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert python_path(None) == {}
