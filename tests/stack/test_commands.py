"""The command line, without starting anything."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from burnrate.cli import CommandError
from burnrate.stack.data import data_mode, record_data_mode
from burnrate.stack.layout import Layout

COMPOSE = """
services:
  redis:
    image: redis
    command: [redis-server]
    volumes: ["redis-data:/data"]
    x-secrets: [redis_password]
  loki: {image: loki}
"""


@pytest.fixture
def checkout(open_path: Path) -> Path:
    """The smallest checkout."""
    (open_path / "burnrate").mkdir()
    (open_path / "docker-compose.yml").write_text(COMPOSE, encoding="utf-8")
    return open_path


def _run(directory: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.prefix) / "bin/burnrate"
    # No engine in sight, whatever the machine has.
    environment = {**os.environ, "DOCKER_HOST": "unix:///nonexistent.sock", **variables}
    return subprocess.run(
        [str(program), *words],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_imports_no_rooms_code(checkout: Path) -> None:
    """It must be there at once, also when a room's dependency is not."""
    code = (
        "import sys; sys.argv = ['burnrate', '--help']\n"
        "from burnrate.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([m for m in sys.modules if m.startswith('burnrate.stack')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=True
    )
    assert "Start, stop and inspect the whole stack." in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_command_is_there(checkout: Path) -> None:
    """The names that the Makefile and the README use."""
    text = _run(checkout, "stack", "--help").stdout
    for name in ("up", "down", "status", "install", "start", "stop", "restart", "logs"):
        assert f"\n  {name} " in text


def test_a_failure_is_one_line_on_stderr_and_exit_code_1(checkout: Path) -> None:
    """Nothing on stdout that a script could take for a result, and no traceback."""
    done = _run(checkout, "stack", "status", REDIS_PORT="many")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "burnrate: REDIS_PORT is 'many': it must be 1 to 65535\n"


def test_long_lines_of_a_log_are_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """A stack in JSON would bury the line that matters."""
    CommandError("failed", log_tail=["short", "long " * 1000]).show()
    message, short, long = capsys.readouterr().err.splitlines()
    assert (message, short) == ("burnrate: failed", "  | short")
    assert len(long) < 320


def test_status_of_nothing_is_told_by_the_exit_code(checkout: Path) -> None:
    """And changes nothing in the checkout."""
    done = _run(checkout, "stack", "status")
    assert done.returncode == 1
    assert done.stdout.startswith("not running")
    assert not (checkout / ".burnrate").exists()
    as_json = json.loads(_run(checkout, "stack", "status", "--json").stdout)
    assert as_json["mode"] is None
    assert [part["part"] for part in as_json["parts"]] == ["redis", "loki"]


def test_down_of_nothing_is_harmless(checkout: Path) -> None:
    """Exit code 0, nothing made."""
    done = _run(checkout, "stack", "down")
    assert (done.returncode, done.stdout) == (0, "nothing is running\n")
    assert not (checkout / ".burnrate").exists()


def test_a_wrong_burnrate_yml_stops_a_start_and_nothing_else(checkout: Path) -> None:
    """What runs can be looked at and stopped; a start says what is wrong, and where."""
    (checkout / "burnrate.yml").write_text("low_budget: 2\n", encoding="utf-8")

    for words in (["down"], ["status"]):
        assert _run(checkout, "stack", *words).stderr == ""
    done = _run(checkout, "stack", "up", "--mode", "processes")

    assert done.returncode == 1
    assert "burnrate.yml: low_budget: " in done.stderr


def test_a_part_cannot_be_started_in_a_stack_that_does_not_run(checkout: Path) -> None:
    """The line says what to do first."""
    done = _run(checkout, "stack", "start", "redis")
    assert (done.returncode, done.stderr) == (
        1,
        "burnrate: the stack is not running: make up\n",
    )


def test_containers_cannot_be_forced_where_no_engine_answers(checkout: Path) -> None:
    """A forced mode is never swapped for the other one."""
    done = _run(checkout, "stack", "up", "--mode", "containers")
    assert done.returncode == 1
    assert done.stderr == "burnrate: MODE=containers: no Docker engine answers\n"


def test_data_stays_with_the_mode_that_made_it(checkout: Path) -> None:
    """Versions differ between the two, and the older cannot read what the newer wrote."""
    data = checkout / ".burnrate/data"
    (data / "redis").mkdir(parents=True)
    (data / ".mode").write_text("containers\n", encoding="utf-8")
    (data / "redis/dump.rdb").touch()
    done = _run(checkout, "stack", "up", "--mode", "processes")
    assert done.returncode == 1
    assert "is of containers, whose versions differ: MODE=containers copies it" in done.stderr
    assert _run(checkout, "stack", "down", "--wipe", "--yes").returncode == 0
    assert list(data.iterdir()) == []


def test_empty_folders_are_nobodys_data(tmp_path: Path) -> None:
    """A first start that failed decides nothing for the next one."""
    layout = Layout(tmp_path, tmp_path / ".burnrate")
    (layout.data / "redis").mkdir(parents=True)
    record_data_mode(layout, "processes")
    assert data_mode(layout) is None
    (layout.data / "redis/dump.rdb").touch()
    assert data_mode(layout) == "processes"


def test_wiping_asks_first(checkout: Path) -> None:
    """Without an answer nothing is deleted."""
    (checkout / ".burnrate/data").mkdir(parents=True)
    (checkout / ".burnrate/data/.mode").write_text("processes\n", encoding="utf-8")
    (checkout / ".burnrate/logs").mkdir()
    (checkout / ".burnrate/logs/redis.log").touch()
    asked = _run(checkout, "stack", "down", "--wipe")
    assert asked.returncode == 1
    assert "Delete all rows, metrics, traces, alerts and logs of this stack" in asked.stdout
    assert (checkout / ".burnrate/data/.mode").exists()
    assert (checkout / ".burnrate/logs/redis.log").exists()


def test_followed_logs_end_on_ctrl_c(checkout: Path) -> None:
    """The command that people leave that way each time."""
    logs = checkout / ".burnrate/logs"
    logs.mkdir(parents=True)
    (logs / "redis.log").write_text("first\n")
    with subprocess.Popen(
        [str(Path(sys.prefix) / "bin/burnrate"), "stack", "logs", "--follow", "redis"],
        cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "DOCKER_HOST": "unix:///nonexistent.sock"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline().endswith("| first\n")
        process.send_signal(signal.SIGINT)
        err = process.communicate()[1]
    assert process.returncode == 130
    assert err.strip() == "burnrate: interrupted"
