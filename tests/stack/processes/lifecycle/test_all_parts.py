"""The whole stack as plain processes, for real: what runs, and who gets at it."""

import os
import subprocess
from pathlib import Path

import httpx2
import psutil
import pytest

from burnrate.stack.addresses import LOCKED
from tests.servers.checkout import Checkout

pytestmark = pytest.mark.integration


def test_up_makes_every_part_that_can_run_here_healthy(stopped: Checkout) -> None:
    """The table says so by really asking each of them, and names what is missing with its cost."""
    stopped.up()
    done = stopped.run("status")
    assert done.returncode == 0, done.stdout
    rows = stopped.status()
    module = rows.pop("libnginx-mod-http-lua", None)
    assert module is None or "no count" in module["detail"]
    assert len(rows) == 18
    for name in ("nginx", "api", "inbox", "postgres", "redis", "prometheus", "alertmanager"):
        assert (rows[name]["state"], rows[name]["health"]) == ("running", "healthy")
    absent = {name: row for name, row in rows.items() if row["state"] == "not installed"}
    assert set(absent) <= {"grafana", "loki", "tempo", "alloy"}
    assert all(row["detail"] for row in absent.values())


def test_every_listener_is_on_the_loopback(running: Checkout) -> None:
    """Nothing of the stack can be reached from another machine."""
    ids = {int(line.split()[0]) for line in running.processes()}
    listening = {
        (c.laddr.ip, psutil.Process(c.pid).name())
        for c in psutil.net_connections("inet")
        if c.pid in ids and c.status == psutil.CONN_LISTEN and c.laddr
    }
    assert {name for _, name in listening} >= {"nginx", "postgres", "redis-server", "prometheus"}
    assert {ip for ip, _ in listening} == {"127.0.0.1"}


def test_past_the_door_nobody_comes_in(running: Checkout) -> None:
    """Not a page in a browser of this machine, not a program: the parts want the door's login."""
    asked = {"inbox": ("/alerts", "/silences"), "prometheus": ("/api/v1/query?query=1", "/-/ready"),
             "alertmanager": ("/api/v2/status", "/api/v2/silences")}  # fmt: skip
    assert asked.keys() == LOCKED
    forged = {"X-Burnrate-User": "root", "Authorization": "Basic YnVybnJhdGU6Z3Vlc3NlZA=="}
    page = {"Origin": "http://evil.example.org", "Content-Type": "text/plain"}
    for part, (read, written) in asked.items():
        for headers in ({}, forged):
            url = running.url_without_login(part, read)
            assert httpx2.get(url, headers=headers).status_code == 401, part
        answer = httpx2.post(running.url_without_login(part, written), headers=page, content=b"{}")
        assert answer.status_code in {401, 403}, part
        assert httpx2.get(running.url(part, read)).status_code == 200, part
    rebound = {"Host": f"evil.example.org:{running.ports['INBOX_PORT']}"}
    for path in ("/", "/alerts", "/metrics", "/health/ready"):
        answer = httpx2.get(running.url("inbox", path), headers=rebound)
        assert answer.status_code == 421, path
        is_open = path in {"/metrics", "/health/ready"}
        answer = httpx2.get(running.url_without_login("inbox", path))
        assert answer.status_code == (200 if is_open else 401), path

    _check_that_nobody_else_reads_it(running)


def _check_that_nobody_else_reads_it(running: Checkout) -> None:
    """Whoever has an account here reads the command lines of all processes."""
    password = (running.path / ".burnrate/secrets/machine_password").read_text()
    listed = [each.info["cmdline"] or [] for each in psutil.process_iter(["cmdline"])]
    assert any("--web.config.file" in word for words in listed for word in words)
    assert not any(password in word for words in listed for word in words)
    holding = [
        path.relative_to(running.path)
        for folder in ("etc", "logs", "secrets")
        for path in (running.path / ".burnrate" / folder).rglob("*")
        if path.is_file() and password in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert holding
    for path in holding:
        modes = [(running.path / each).stat().st_mode for each in (path, *path.parents)]
        assert not all(mode & 0o007 for mode in modes), path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has parts run as other users")
def test_each_part_runs_as_a_user_of_its_own_who_reads_nothing_of_others(running: Checkout) -> None:
    """Started by root: none is root but the supervisor, and the service has nobody's secrets."""
    leaders = running.leaders()
    users = {part: psutil.Process(pid).uids() for part, pid in leaders.items()}
    assert {part for part, uids in users.items() if 0 in uids} == set()
    assert len({uids.real for uids in users.values()}) == len(users)
    for pid in leaders.values():
        status = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        )
        assert "0" not in status["Groups"].split()
        assert status["CapEff"] == "0" * 16
    state, service = running.path / ".burnrate", users["api"].real
    own = [state / "run/api/secrets/postgres_password", state / "run/api/tmp"]
    others = [
        Path("/etc/shadow"),
        *(state / "secrets").iterdir(),
        *(state / "run").glob("[!a]*/secrets/*"),
        *(path for path in (state / "data").iterdir() if path.is_dir()),
        state / "logs/api.log",
        *(Path(f"/proc/{pid}/environ") for part, pid in leaders.items() if part != "api"),
    ]
    assert len(others) > 30
    read = ["sh", "-c", 'for each; do test -r "$each" && echo "$each"; done', "sh"]
    found = subprocess.run(
        [*read, *map(str, own + others)],
        user=service,
        group=service,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert found.stdout.splitlines() == [str(path) for path in own]
