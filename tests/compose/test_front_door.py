"""What the front door counts is what its clients got, by either module."""

import os
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

import httpx2
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from burnrate.stack import free_port
from tests.compose.front_door import LABELS, LATE_SECONDS, Door, Key, Service, has_lua, running_door
from tests.compose.servers import ROOT, running_app
from tests.containers.debian import unpacked
from tests.containers.engine import Unavailable
from tests.support.waiting import PATIENCE_SECONDS, wait_until

_REQUESTS = 300
_LATE_SECONDS = 5
# On loopback a connection is there at once, or its packet was dropped.
_DROPPED_SECONDS = 1


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
        wait_until(lambda: door.counts() == expected, "the counts")
    assert door.counts() == expected


# What nginx refuses by itself before it looks for a route, whatever the client would have liked.
_NOT_UNDERSTOOD: Final = (
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405),
    (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX-A: " + b"a" * 10_000 + b"\r\n\r\n", 431),
    (b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: odd\r\n\r\n", 501),
    (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
)


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
        expected["proxy", "502", "route", "bad"] += 4
        assert door.get("/health/ready?a=1").status_code == 502
        expected["proxy", "502", "internal", "neither"] += 1
        with running_app(service.app, port):
            for status, outcome in (
                *((status, "good") for status in (200, 201, 400, 404)),
                *((status, "bad") for status in (500, 503, 504)),
                (429, "neither"),
            ):
                assert door.get(f"/answer/{status}").status_code == status
                expected["service", str(status), "route", outcome] += 1
            for kind, status, counted, outcome in (
                ("unmatched", 404, "unmatched", "neither"),
                ("unmatched", 500, "unmatched", "bad"),
                ("internal", 200, "internal", "neither"),
                ("internal", 503, "internal", "neither"),
                ("of-its-own", 200, "route", "good"),
            ):
                answer = door.get(f"/kind/{kind}/{status}")
                assert answer.status_code == status
                assert "x-request-kind" not in answer.headers
                expected["service", str(status), counted, outcome] += 1
            assert door.get("/metrics").status_code == 404
            expected["proxy", "404", "unmatched", "neither"] += 1
            for refused_request, status in _NOT_UNDERSTOOD:
                assert door.say(refused_request).startswith(f"HTTP/1.1 {status}".encode())
                expected["proxy", f"{status}", "unmatched", "neither"] += 1
            assert door.get("/hang").status_code == 504
            expected["proxy", "504", "route", "bad"] += 1
            assert (
                httpx2.post(f"{door.url}/answer/200", content=b"a" * 3_000_000).status_code == 413
            )
            expected["proxy", "413", "route", "good"] += 1
            assert [door.get("/rare").status_code for _ in range(3)] == [200, 429, 429]
            expected["service", "200", "route", "good"] += 1
            _leave(door, "/feed", service)
            expected["proxy", "499", "route", "neither"] += 1
            _leave(door, "/feed", service, _LATE_SECONDS + 0.1)
            expected["proxy", "499", "route", "bad"] += 1
            with ThreadPoolExecutor(1) as pool:
                first = pool.submit(door.get, "/single")
                wait_until(lambda: service.hanging["/single"], "the first request")
                refused = door.get("/single")
                assert (refused.status_code, refused.json()["error"]) == (429, "Too many requests")
                service.released.set()
                assert first.result().status_code == 200
            expected["proxy", "429", "route", "neither"] += 3
            expected["service", "200", "route", "good"] += 1
        _await_counts(door, expected)
        _check_durations(door, expected)


def test_an_answer_after_its_deadline_is_bad_whatever_it_says(
    tmp_path: Path, launcher: tuple[str, ...]
) -> None:
    """The service may say another or none; a stream counts by its first byte, a body is no wait."""
    with (
        running_app(Service().app) as port,
        running_door(launcher[0], tmp_path / "ng", port, *launcher[1:]) as door,
        ThreadPoolExecutor(8) as pool,
    ):
        paths = ("/late", "/late/1", "/late/9.5", "/late/none", "/late/soon", "/stream")
        answers = list(pool.map(door.get, paths))
        slow_body = door.post_slowly("/answer/200", LATE_SECONDS)

        assert [answer.status_code for answer in answers] == [200] * len(paths)
        assert all("x-burnrate-deadline" not in answer.headers for answer in answers)
        assert slow_body.startswith(b"HTTP/1.1 200")
        # /late, /late/1, and what is no number.
        _await_counts(
            door,
            Counter(
                {
                    ("service", "200", "route", "bad"): 3,
                    ("service", "200", "route", "good"): 4,
                }
            ),
        )


def _check_durations(door: Door, expected: Counter[Key]) -> None:
    """The histogram counts the same requests, and tells who left late from who left at once."""
    families = {each.name: each for each in text_string_to_metric_families(door.metrics())}
    samples = families["front_door_request_duration_seconds"].samples
    counted = {
        tuple(each.labels[name] for name in LABELS): each.value
        for each in samples
        if each.name.endswith("_count") and each.value
    }
    assert counted == expected
    left = {
        each.labels["outcome"]: each.value
        for each in samples
        if each.labels["status"] == "499" and each.labels.get("le") == "5.0"
    }
    assert left == {"neither": 1, "bad": 0}
    assert families["process_start_time_seconds"].samples[0].value > 0


def _counted(status: int) -> Key:
    return "service", str(status), "route", "bad" if status >= 500 else "good"


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
            paths = [f"/answer/{(200, 404, 503)[number % 3]}" for number in range(_REQUESTS)]
            answers = pool.map(door.status, paths)
            door.reload()
            got.update(_counted(status) for status in answers)
        _await_counts(door, got)
        door.kill_worker()
        got.update(_counted(door.status("/answer/500")) for _ in range(9))
        _await_counts(door, got)
        assert got.total() == 3 * _REQUESTS + 9


@contextmanager
def _dropping() -> Iterator[int]:
    """Give a port whose host drops every packet that would open a connection: it has no room."""
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port: int = full.getsockname()[1]

        def is_full() -> bool:
            client = stack.enter_context(socket.socket())
            client.settimeout(_DROPPED_SECONDS)
            try:
                client.connect(("127.0.0.1", port))
            except TimeoutError:
                return True
            return False

        wait_until(is_full, "a host that drops packets")
        yield port


def test_a_host_that_drops_packets_is_a_failure_of_each_request(
    tmp_path: Path, launcher: tuple[str, ...]
) -> None:
    """Nobody refuses and nobody answers: nginx gives up connecting, and says so itself."""
    with (
        _dropping() as port,
        running_door(launcher[0], tmp_path / "ng", port, *launcher[1:]) as door,
    ):
        assert door.get("/answer/200").status_code == 504
        assert httpx2.post(f"{door.url}/answer/200", timeout=PATIENCE_SECONDS).status_code == 504
        _await_counts(door, Counter({("proxy", "504", "route", "bad"): 2}))


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
