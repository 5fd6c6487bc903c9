"""The whole stack ends: what stays, and what does not."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.servers.checkout import Checkout
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


def test_data_survives_down_and_up(running: Checkout) -> None:
    """What was written is there again."""
    redis_file = running.path / ".burnrate/data/postgres/pgdata/PG_VERSION"
    made = redis_file.stat().st_ctime
    running.run("down")
    running.up()
    assert redis_file.stat().st_ctime == made


def test_down_ends_what_up_started_and_nothing_else(running: Checkout, tmp_path: Path) -> None:
    """A server of the same name that somebody else runs lives on."""
    with subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", str(tmp_path / "sock")],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    ) as other:
        assert running.run("down").returncode == 0
        assert running.processes() == []
        assert other.poll() is None
        other.terminate()


@pytest.mark.parametrize("next_command", ["down", "up"])
def test_a_killed_supervisor_leaves_nothing_that_cannot_be_cleared(
    running: Checkout, next_command: str
) -> None:
    """`down` ends its orphans; `up` clears them and starts anew."""
    os.kill(running.supervisor(), signal.SIGKILL)
    wait_until(lambda: running.run("status").returncode == 1, "the supervisor's end")
    assert running.status()["redis"]["state"] == "unsupervised"
    if next_command == "up":
        running.up()
        assert running.run("status").returncode == 0
    assert running.run("down").returncode == 0
    assert running.processes() == []


def test_wiping_removes_data_and_logs_and_the_next_start_makes_them_anew(
    stopped: Checkout,
) -> None:
    """A clean slate, with the same secrets."""
    state = stopped.path / ".burnrate"
    stopped.up()
    assert (state / "data/postgres/pgdata").is_dir()
    assert (state / "logs/api.log").exists()
    secret = (state / "secrets/postgres_password").read_text()
    wiped = stopped.run("down", "--wipe", "--yes")
    assert wiped.returncode == 0
    assert wiped.stdout.splitlines()[-1] == "data and logs deleted"
    assert not any((state / "data").iterdir())
    assert not any((state / "logs").iterdir())
    assert (state / "secrets/postgres_password").read_text() == secret
    stopped.up()
    assert stopped.run("status").returncode == 0
