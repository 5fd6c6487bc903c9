"""What the front door counts is what its clients got, by either module."""

import os
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx2
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from burnrate.stack import free_port
from tests.compose.front_door import Door, Key, Service, has_lua, running_door
from tests.compose.servers import ROOT, running_app
from tests.containers.debian import unpacked
from tests.containers.engine import Unavailable
from tests.support.waiting import PATIENCE_SECONDS, wait_until

_REQUESTS = 300
_LATE_SECONDS = 5


@pytest.fixture(scope="module")
def njs_root() -> Iterator[Path]:
    """The nginx of Debian's stable release, whose njs can do what the image's can."""
    with ExitStack() as stack:
        try:
            packages = ["nginx", "libnginx-mod-http-js", "libc-bin"]
            root = stack.enter_context(unpacked(packages))
        except Unavailable as error:
            pytest.skip(str(error))
        yield root


@pytest.fixture(params=["lua", "njs"])
def launcher(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """What starts nginx with a module, the module's name first."""
    if request.param == "lua":
        if not has_lua():
            pytest.skip("not installed: nginx, libnginx-mod-http-lua")
        return ("lua",)
    if os.geteuid() != 0:
        pytest.skip("njs of another release is run as root: it takes the place of /usr")
    # Its programs need its own C library; nobody else sees this /usr.
    root = request.getfixturevalue("njs_root")
    script = 'mount --bind "$1/usr" /usr && shift && exec "$@"'
    return ("njs", "unshare", "--mount", "sh", "-c", script, "sh", str(root))


def _await_counts(door: Door, expected: Counter[Key]) -> None:
    # An answer is out before its request is logged.
    with suppress(AssertionError):
        wait_until(lambda: door.counts() == expected, "the counts", seconds=20)
    assert door.counts() == expected


def _leave(door: Door, path: str, service: Service, seconds: float = 0) -> None:
    """Ask, and go away once the service has it and `seconds` have passed."""
    before, since = service.hanging[path], time.monotonic()
    with socket.create_connection(("127.0.0.1", door.port), timeout=PATIENCE_SECONDS) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        wait_until(lambda: service.hanging[path] > before, "the request")
        wait_until(lambda: time.monotonic() >= since + seconds, "the client's patience")


def test_counts_are_a_clients_own(tmp_path: Path, launcher: tuple[str, ...]) -> None:
    """Answers of the service and of nginx, by status and kind; none is missing, none is twice."""
    service, port = Service(), free_port()
    expected: Counter[Key] = Counter()
    with running_door(launcher[0], tmp_path / "ng", port, *launcher[1:]) as door:
        for _ in range(4):
            assert door.get("/answer/200").status_code == 502
        expected["proxy", "502", "route"] += 4
        with running_app(service.app, port):
            for status in (200, 201, 400, 404, 429, 500, 503, 504):
                assert door.get(f"/answer/{status}").status_code == status
                expected["service", str(status), "route"] += 1
            for kind, status, counted in (
                ("unmatched", 404, "unmatched"),
                ("internal", 200, "internal"),
                ("of-its-own", 200, "route"),
            ):
                answer = door.get(f"/kind/{kind}")
                assert answer.status_code == status
                assert "x-request-kind" not in answer.headers
                expected["service", str(status), counted] += 1
            assert door.get("/metrics").status_code == 404
            expected["proxy", "404", "unmatched"] += 1
            assert door.get("/hang").status_code == 504
            expected["proxy", "504", "route"] += 1
            assert (
                httpx2.post(f"{door.url}/answer/200", content=b"a" * 3_000_000).status_code == 413
            )
            expected["proxy", "413", "route"] += 1
            assert [door.get("/rare").status_code for _ in range(3)] == [200, 429, 429]
            expected["service", "200", "route"] += 1
            _leave(door, "/feed", service)
            _leave(door, "/feed", service, _LATE_SECONDS + 0.1)
            expected["proxy", "499", "route"] += 2
            with ThreadPoolExecutor(1) as pool:
                first = pool.submit(door.get, "/single")
                wait_until(lambda: service.hanging["/single"], "the first request")
                refused = door.get("/single")
                assert (refused.status_code, refused.json()["error"]) == (429, "Too many requests")
                service.released.set()
                assert first.result().status_code == 200
            expected["proxy", "429", "route"] += 3
            expected["service", "200", "route"] += 1
        _await_counts(door, expected)
        _check_durations(door, expected)


def _check_durations(door: Door, expected: Counter[Key]) -> None:
    """The histogram counts the same requests, and tells who left late from who left at once."""
    families = {each.name: each for each in text_string_to_metric_families(door.metrics())}
    samples = families["front_door_request_duration_seconds"].samples
    counted = {
        (each.labels["answered_by"], each.labels["status"], each.labels["kind"]): each.value
        for each in samples
        if each.name.endswith("_count")
    }
    assert counted == expected
    left = {
        each.labels["le"]: each.value
        for each in samples
        if each.name.endswith("_bucket") and each.labels["status"] == "499"
    }
    assert (left["5.0"], left["+Inf"]) == (1, 2)
    assert families["process_start_time_seconds"].samples[0].value > 0


def test_counts_outlive_reloads_and_killed_workers(
    tmp_path: Path, launcher: tuple[str, ...]
) -> None:
    """Three reloads under load, and a worker that is killed between two requests."""
    with (
        running_app(Service().app) as port,
        running_door(launcher[0], tmp_path / "ng", port, *launcher[1:]) as door,
        ThreadPoolExecutor(4) as pool,
    ):
        got: Counter[Key] = Counter()
        for _ in range(3):
            paths = [f"/answer/{200 + number % 3}" for number in range(_REQUESTS)]
            answers = pool.map(door.status, paths)
            door.reload()
            got.update(("service", str(status), "route") for status in answers)
        _await_counts(door, got)
        door.kill_worker()
        got.update(("service", str(door.status("/answer/500")), "route") for _ in range(9))
        _await_counts(door, got)
        assert got.total() == 3 * _REQUESTS + 9


def test_without_a_module_nginx_serves_and_counts_nothing(tmp_path: Path) -> None:
    """What is optional keeps nothing from its start."""
    with (
        running_app(Service().app) as port,
        running_door("", tmp_path / "ng", port) as door,
    ):
        assert door.get("/answer/200").status_code == 200
        status = httpx2.get(f"http://127.0.0.1:{door.status_port}/metrics")
        assert status.status_code == 404


@pytest.mark.parametrize(
    ("counting", "main", "is_plain", "is_started"),
    [
        ({}, "", False, True),
        ({"module.conf": "load_module /nonexistent/module.so;"}, "", True, True),
        ({"http.conf": "js_import front_door from counting/front_door.js;"}, "", True, True),
        ({}, "nonsense;", False, False),
    ],
    ids=["as it is", "without the module", "with an old module", "with a mistake of another kind"],
)
def test_a_container_whose_nginx_cannot_count_serves(
    tmp_path: Path, counting: dict[str, str], main: str, *, is_plain: bool, is_started: bool
) -> None:
    """It starts from where counting/ is not, and says so; other mistakes are not hidden."""
    service = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["nginx"]
    etc, run = tmp_path / "etc", tmp_path / "run"
    (etc / "counting").mkdir(parents=True)
    run.mkdir()
    for name, text in counting.items():
        (etc / "counting" / name).write_text(text)
    text = (ROOT / "nginx/nginx.conf").read_text().replace("api:8000", "127.0.0.1:1")
    (etc / "nginx.conf").write_text(text + main)

    words = [*service["entrypoint"], *service["command"]]
    # The last test of nginx takes the place of the server.
    words = [word.replace("$$", "$").replace('exec "$@"', 'exec "$@" -t') for word in words]
    words = [w.replace("/run/nginx", str(run)).replace("/etc/burnrate", str(etc)) for w in words]
    done = subprocess.run(words, capture_output=True, text=True, check=False)

    assert (done.returncode == 0) is is_started, done.stderr
    assert ("requests are not counted at the front door" in done.stderr) is is_plain
    used = run / "etc/nginx.conf" if is_plain else etc / "nginx.conf"
    assert f"{used} test is successful" in done.stderr or not is_started
