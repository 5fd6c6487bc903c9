"""The whole stack as plain processes, for real: started, hurt, stopped."""

import os
import signal
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import psutil
import pytest

from burnrate.stack.layout import Layout
from tests.servers.checkout import Checkout, copied_checkout
from tests.support.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def checkout() -> Iterator[Checkout]:
    """One copy for all tests here; each says itself whether the stack runs."""
    with copied_checkout() as made:
        yield made


@pytest.fixture
def running(checkout: Checkout) -> Checkout:
    """The stack, up."""
    checkout.up()
    return checkout


@pytest.fixture
def stopped(checkout: Checkout) -> Checkout:
    """The stack, down."""
    assert checkout.run("down").returncode == 0
    assert checkout.processes() == []
    return checkout


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


def test_up_twice_changes_nothing(running: Checkout) -> None:
    """The same processes go on."""
    before = running.leaders()
    assert ": healthy after" not in running.up()
    assert running.leaders() == before


def test_up_loads_a_changed_file_and_restarts_for_a_changed_argument(running: Checkout) -> None:
    """Only what was changed, and only if it must."""
    before = running.leaders()
    with (running.path / "nginx/nginx.conf").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    running.environment["RATE_LIMIT_PER_MINUTE"] = "59999"
    said = running.up()
    assert "nginx: nginx.conf: loaded" in said
    assert "api: healthy after" in said
    after = running.leaders()
    assert {part for part in before if before[part] != after[part]} == {"api"}


def test_up_refuses_a_file_that_a_part_would_not_start_with(running: Checkout) -> None:
    """What runs goes on, and would come back after a restart."""
    before = running.leaders()
    config = running.path / "nginx/nginx.conf"
    good = config.read_text(encoding="utf-8")
    config.write_text("nonsense;\n", encoding="utf-8")
    try:
        done = running.run("up")
        restarted = running.run("restart", "nginx")
    finally:
        config.write_text(good, encoding="utf-8")
    for each in (done, restarted):
        assert each.returncode == 1
        assert 'nginx refuses its files: unknown directive "nonsense"' in each.stderr
    assert running.leaders() == before


@pytest.mark.parametrize("part", ["nginx", "postgres", "api"])
def test_a_killed_part_comes_back_with_all_it_needs(running: Checkout, part: str) -> None:
    """Its orphans are gone: they would hold its port."""
    before = running.leader(part)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: running.leader(part) != before, "another main process")
    running.wait_until_healthy(part)
    for process in psutil.process_iter():
        assert os.getpgid(process.pid) != before or process.status() == psutil.STATUS_ZOMBIE


def test_one_part_stops_and_starts(running: Checkout) -> None:
    """It stays stopped, and the table and the exit code say so."""
    assert running.run("stop", "redis-exporter").returncode == 0
    assert running.run("status").returncode == 1
    assert running.status()["redis-exporter"]["state"] == "stopped"
    assert running.run("start", "redis-exporter").returncode == 0
    assert running.run("status").returncode == 0
    before = running.leader("redis-exporter")
    assert running.run("restart", "redis-exporter").returncode == 0
    assert running.leader("redis-exporter") != before
    unknown = running.run("start", "redis-exporters")
    assert unknown.returncode == 1
    assert "'redis-exporters' is not a part of the running stack: postgres, redis" in unknown.stderr


def test_restart_of_the_service_loses_nothing(running: Checkout) -> None:
    """Whoever asks meanwhile is answered; the process is the same, and its workers are new."""
    before = running.leader("api")
    workers = {child.pid for child in psutil.Process(before).children()}
    url = f"http://127.0.0.1:{running.ports['NGINX_PORT']}/users"
    done = threading.Event()

    def ask() -> Counter[int]:
        statuses: Counter[int] = Counter()
        with httpx2.Client(timeout=PATIENCE_SECONDS, trust_env=False) as client:
            while not done.is_set():
                statuses[client.get(url).status_code] += 1
        return statuses

    with ThreadPoolExecutor(4) as clients:
        asking = [clients.submit(ask) for _ in range(4)]
        try:
            restarted = running.run("restart", "api")
        finally:
            done.set()
    assert (restarted.returncode, restarted.stderr) == (0, "")
    assert "api: restarted, one program after the other" in restarted.stdout
    assert {status for each in asking for status in each.result()} == {200}
    assert running.leader("api") == before
    assert workers.isdisjoint(child.pid for child in psutil.Process(before).children())


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
