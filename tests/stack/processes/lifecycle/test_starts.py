"""The whole stack starts, or leaves nothing behind."""

import signal
import socket
import subprocess

import pytest

from burnrate.stack.layout import Layout
from tests.servers.checkout import Checkout

pytestmark = pytest.mark.integration


def test_an_optional_part_that_cannot_start_is_named_and_the_rest_is_up(stopped: Checkout) -> None:
    """With what is lost; the table goes on showing it as unhealthy."""
    file = stopped.path / "docker-compose.yml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("--nginx.scrape-uri", "--no-such-flag"), encoding="utf-8")
    try:
        done = stopped.run("up", "--mode", "processes")
        assert done.returncode == 0, done.stderr
        assert "nginx-exporter ended at its start: no figures of nginx; log: " in done.stdout
        rows = stopped.status()
        assert rows["nginx-exporter"]["health"] != "healthy"
        assert rows["prometheus"]["health"] == "healthy"
    finally:
        file.write_text(text, encoding="utf-8")


def test_two_ups_at_once_make_one_stack(stopped: Checkout) -> None:
    """The second waits for the first and finds everything running."""
    command = [*stopped.command, "up", "--mode", "processes"]
    both = [
        subprocess.Popen(
            command, cwd=stopped.path, env=stopped.environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    outputs = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted("redis: healthy after" in output for output in outputs) == [False, True]
    assert stopped.run("status").returncode == 0


def test_a_state_directory_with_a_long_path_will_do(stopped: Checkout) -> None:
    """A socket's path has 107 bytes at most; the control socket moves, and goes with the stack."""
    state = stopped.path / ("long" * 30)
    stopped.environment["BURNRATE_STATE_DIR"] = str(state)
    try:
        stopped.up()
        socket = Layout(stopped.path, state).socket()
        assert socket.is_socket()
        assert stopped.run("status").returncode == 0
        assert stopped.run("down").returncode == 0
    finally:
        del stopped.environment["BURNRATE_STATE_DIR"]
    assert not socket.parent.exists()
    assert stopped.processes() == []


@pytest.mark.parametrize(
    ("moment", "number", "code"),
    [("up as processes", signal.SIGINT, 130), ("postgres: healthy", signal.SIGTERM, 143)],
)
def test_an_interrupted_up_stops_everything(
    stopped: Checkout, moment: str, number: signal.Signals, code: int
) -> None:
    """Ctrl-C in the foreground, and a SIGTERM in the middle of the start."""
    with subprocess.Popen(
        [*stopped.command, "up", "--mode", "processes", "--foreground"],
        cwd=stopped.path,
        env={**stopped.environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(moment):
                process.send_signal(number)
                break
        process.stdout.read()
    assert process.returncode == code
    assert stopped.processes() == []


def test_a_taken_port_is_found_before_anything_starts(stopped: Checkout) -> None:
    """The line names port, part and variable."""
    port = stopped.ports["ALERTMANAGER_PORT"]
    with socket.create_server(("127.0.0.1", port)):
        done = stopped.run("up", "--mode", "processes")
    assert done.returncode == 1
    assert done.stderr.startswith(f"burnrate: port {port} for alertmanager is taken by ")
    assert "ALERTMANAGER_PORT" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "healthy" not in done.stdout
    assert stopped.processes() == []


def test_a_part_that_never_becomes_healthy_is_told_with_the_reason(stopped: Checkout) -> None:
    """After the time-out; nothing is left running."""
    compose = stopped.path / "docker-compose.yml"
    good = compose.read_text(encoding="utf-8")
    # The service runs, but cannot get in.
    compose.write_text(good.replace("DATABASE_USER: burnrate", "DATABASE_USER: nobody"))
    try:
        done = stopped.run("up", "--mode", "processes", "--timeout", "25")
    finally:
        compose.write_text(good, encoding="utf-8")
    assert done.returncode == 1
    assert done.stderr.startswith("burnrate: api is not healthy after 25 s (")
    assert stopped.processes() == []


def test_a_part_that_cannot_start_takes_the_rest_down_again(stopped: Checkout) -> None:
    """One line names it and its log, whose last lines follow; exit code 1."""
    config = stopped.path / "nginx/nginx.conf"
    good = config.read_text(encoding="utf-8")
    config.write_text("nonsense;\n", encoding="utf-8")
    try:
        done = stopped.run("up", "--mode", "processes")
    finally:
        config.write_text(good, encoding="utf-8")
    assert done.returncode == 1
    message, *tail = done.stderr.splitlines()
    log = stopped.path / ".burnrate/logs/nginx.log"
    assert message == f"burnrate: nginx ended at its start; log: {log}"
    assert any('unknown directive "nonsense"' in line for line in tail)
    assert all(line.startswith("  | ") for line in tail)
    assert stopped.processes() == []
