"""The running stack is changed, part by part."""

import os
import re
import signal

import httpx2
import psutil
import pytest

from burnrate.stack import free_port
from tests.servers.checkout import Checkout
from tests.servers.clients import asking_clients
from tests.support.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.integration


def test_up_twice_changes_nothing(running: Checkout) -> None:
    """The same processes go on."""
    before = running.leaders()
    assert ": healthy after" not in running.up()
    assert running.leaders() == before


def test_up_loads_a_changed_file_and_restarts_for_a_changed_argument(running: Checkout) -> None:
    """Only what was changed, and only if it must; the service takes its variables over."""
    before, workers = running.leaders(), running.workers("api")
    with (running.path / "nginx/nginx.conf").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    running.environment["RATE_LIMIT_PER_MINUTE"] = "59999"
    running.environment["PROMETHEUS_RETENTION_DAYS"] = "41"
    said = running.up()
    assert "nginx: nginx.conf: loaded" in said
    assert "api: restarted, one program after the other" in said
    assert "prometheus: healthy after" in said
    after = running.leaders()
    assert {part for part in before if before[part] != after[part]} == {"prometheus"}
    assert workers.isdisjoint(running.workers("api"))


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


def test_restarts_settings_and_instances_of_the_service_lose_nothing(running: Checkout) -> None:
    """Whoever asks meanwhile is answered, and counted; each process is the same, with new workers.

    From one instance to two with another setting, each restarted in turn, and back to one.
    """
    environment = running.environment
    environment["API_2_PORT"] = str(free_port())
    before = running.leader("api"), running.workers("api")
    answered = _answered(running, "api")
    with asking_clients(f"http://127.0.0.1:{running.ports['NGINX_PORT']}/users") as statuses:
        environment.update(API_INSTANCES="2", RATE_LIMIT_PER_MINUTE="59998")
        said = running.up()
        assert "api-2: healthy after" in said
        assert "api: restarted, one program after the other" in said
        workers = running.workers("api")
        both = {"RATE_LIMIT_PER_MINUTE": "59998", "API_INSTANCES": None}
        for name in ("api", "api-2"):
            for child in running.workers(name):
                found = psutil.Process(child).environ()
                assert {key: found.get(key) for key in both} == both
        wait_until(lambda: _answered(running, "api-2") > 0, "requests at the second instance")
        first = running.leaders()
        restarted = running.run("restart", "api")
        assert (restarted.returncode, restarted.stderr) == (0, "")
        for name in ("api", "api-2"):
            assert f"{name}: restarted, one program after the other" in restarted.stdout
        assert running.leaders() == first
    assert set(statuses) == {200, 201}

    def counted() -> int:
        return _answered(running, "api") - answered + _answered(running, "api-2")

    wait_until(lambda: counted() == statuses.total(), "the count of every request")
    environment["API_INSTANCES"] = "1"
    running.up()
    assert "api-2" not in running.status()
    assert running.leader("api") == before[0]
    assert workers.isdisjoint(before[1])
    assert workers.isdisjoint(running.workers("api"))


def test_a_setting_that_the_service_would_not_start_with_changes_nothing(running: Checkout) -> None:
    """It serves on, and would come back after a crash as it was."""
    script = running.path / ".burnrate/run/api.sh"
    before = running.workers("api"), script.read_text()
    concurrency = running.environment["WEB_CONCURRENCY"]
    running.environment["WEB_CONCURRENCY"] = "many"
    try:
        done = [running.run(*words) for words in (("restart", "api"), ("up",))]
    finally:
        running.environment["WEB_CONCURRENCY"] = concurrency
    for each in done:
        assert each.returncode == 1
        assert each.stderr.startswith("burnrate: api serves on as it was: ")
    assert (running.workers("api"), script.read_text()) == before


def _answered(running: Checkout, instance: str) -> int:
    port = running.ports["API_PORT"] if instance == "api" else running.environment["API_2_PORT"]
    text = httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_SECONDS).text
    found = re.findall(r'^http_requests_total{.*endpoint="/users".*} (\S+)$', text, re.MULTILINE)
    return round(sum(map(float, found)))
