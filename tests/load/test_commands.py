"""`burnrate load` against a small server of the test."""

import re

import pytest
from click.testing import CliRunner

from burnrate.load import commands
from burnrate.load.stats import Stats
from tests.load.test_engine import Service, serving

pytestmark = pytest.mark.integration


def test_a_progress_line_tells_time_requests_and_latency() -> None:
    """What happened since the line before, and in all."""
    stats = Stats(in_flight=1, held_back=2)
    for status in (200, 201, 404, 503):
        stats.answered(status, 0.010)
    line = commands.progress_line(stats, 75.9, 3)
    assert line == (
        "01:15  +3  2xx 2  4xx 1  5xx 1  failed 0  p50 10 ms  p99 10 ms  in flight 1  held back 2"
    )


def test_a_load_shows_its_progress_and_ends_with_a_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress on stderr, the summary on stdout; what was created is gone."""
    with serving(Service()) as service:
        monkeypatch.setattr(commands, "service_url", lambda: f"http://127.0.0.1:{service.port}")
        ended = CliRunner().invoke(commands.load, "--rate 50 --duration 1 --feeds 0")
        assert service.users == set()
    assert ended.exit_code == 0, ended.output
    assert re.search(r"^00:01  \+\d+  2xx \d+ .* failed 0 ", ended.stderr, re.MULTILINE)
    assert re.fullmatch(r"\d+ requests: 2xx \d+ .*\n", ended.stdout)


def test_a_service_that_takes_nothing_ends_the_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line and exit code 1."""
    with serving(Service(status=503)) as service:
        monkeypatch.setattr(commands, "service_url", lambda: f"http://127.0.0.1:{service.port}")
        ended = CliRunner().invoke(commands.load, "--duration 1 --feeds 0")
    assert ended.exit_code == 1
    assert "does not take new users and posts: 503" in ended.stderr
