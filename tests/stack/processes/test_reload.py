"""`burnrate stack reload` on real processes: what is right is loaded, or nothing changes."""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.servers.checkout import Checkout, copied_checkout

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def stack() -> Iterator[Checkout]:
    """One stack for all tests here, which leave its files as they were."""
    with copied_checkout() as made:
        made.up()
        yield made


def _reload(stack: Checkout, *part: str) -> str:
    done = stack.run("reload", *part)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _url(stack: Checkout, part: str, path: str) -> str:
    return stack.url(part, path)


def _files(stack: Checkout) -> dict[Path, bytes]:
    etc = stack.path / ".burnrate/etc"
    return {path: path.read_bytes() for path in etc.rglob("*") if path.is_file()}


def test_what_changed_is_loaded_by_the_same_processes(stack: Checkout) -> None:
    """One part, then all; the parts themselves say so."""
    before = stack.leaders()
    with (
        stack.edited("alerting/alertmanager.yml", "group_wait: 10s", "group_wait: 13s"),
        stack.edited("nginx/nginx.conf", "server {", "server { add_header X-Made reload;"),
        stack.edited("prometheus/prometheus.yml", "global:", "global:\n  external_labels: {a: b}"),
    ):
        assert _reload(stack, "alertmanager") == "alertmanager: alertmanager.yml: loaded\n"
        status = httpx2.get(_url(stack, "alertmanager", "/api/v2/status")).json()
        assert "group_wait: 13s" in status["config"]["original"]

        lines = _reload(stack).splitlines()
        assert "nginx: nginx.conf: loaded" in lines
        assert "prometheus: prometheus.yml: loaded" in lines
        assert "alertmanager: nothing changed: loaded" in lines
        config = httpx2.get(_url(stack, "prometheus", "/api/v1/status/config")).json()
        assert "a: b" in config["data"]["yaml"]
    _reload(stack)
    assert stack.leaders() == before
    assert ": healthy after" not in stack.up()


@pytest.mark.parametrize(
    ("part", "name", "reason"),
    [
        ("nginx", "nginx/nginx.conf", "in nginx.conf:"),
        ("prometheus", "prometheus/prometheus.yml", "field broken not found"),
        ("prometheus", "prometheus/rules/stack.yml", "rules/stack.yml: yaml: unmarshal errors"),
        ("alertmanager", "alerting/alertmanager.yml", "field broken not found"),
        ("postgres", "postgres/postgresql.conf", "syntax error in file"),
        ("loki", "loki/loki.yml", "field broken not found"),
        ("tempo", "tempo/tempo.yml", "field broken not found"),
        ("alloy", "alloy/pipeline.alloy", "pipeline.alloy:"),
    ],
)
def test_a_broken_file_changes_nothing(stack: Checkout, part: str, name: str, reason: str) -> None:
    """The part's own reason in one line; what is in place stays, for a restart too."""
    if part in {"loki", "tempo", "alloy"} and shutil.which(part) is None:
        pytest.skip(f"{part} is not installed")
    leaders, files = stack.leaders(), _files(stack)
    good = (stack.path / name).read_text(encoding="utf-8")
    with (
        stack.edited(name, good, f"{good}\nbroken: [1]\n"),
        stack.edited("alerting/alertmanager.yml", "group_wait: 10s", "group_wait: 12s"),
    ):
        done = stack.run("reload")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"burnrate: {part} refuses its files: " in line
    assert reason in line
    assert (stack.leaders(), _files(stack)) == (leaders, files)


def test_what_passes_its_check_and_is_not_loaded_is_taken_back(stack: Checkout) -> None:
    """`nginx -t` binds no port, so that one that is taken is found when it is loaded."""
    files = _files(stack)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        more = f"server {{ listen 127.0.0.1:{port}; }}\n    server {{"
        with (
            stack.edited("nginx/nginx.conf", "server {", more),
            stack.edited(
                "prometheus/prometheus.yml", "global:", "global:\n  evaluation_interval: 9s"
            ),
        ):
            done = stack.run("reload")
    assert done.returncode == 1
    assert "nginx has not loaded its files: " in done.stderr
    assert _files(stack) == files
    assert httpx2.get(_url(stack, "nginx", "/health/live")).status_code == 200


def test_a_persons_secret_is_there_when_it_is_named(stack: Checkout) -> None:
    """Listed and written, or the reload says what is missing."""
    credentials = (
        "receivers:\n  - name: own\n    webhook_configs:\n      - url: http://127.0.0.1:9/\n"
        "        http_config:\n          authorization:\n"
        "            credentials_file: /etc/burnrate/secrets/hook_token"
    )
    with stack.edited("alerting/alertmanager.yml", "receivers:", credentials):
        done = stack.run("reload", "alertmanager")
        assert "names the secret hook_token: add it to the part's x-secrets" in done.stderr
        with stack.edited(
            "docker-compose.yml",
            "inbox_token]\n    # Who is told",
            "inbox_token, hook_token]\n    # Who is told",
        ):
            done = stack.run("reload", "alertmanager")
            assert "no secret hook_token: write it to .burnrate/secrets/hook_token" in done.stderr
            secret = stack.path / ".burnrate/secrets/hook_token"
            secret.write_text("x")
            assert _reload(stack, "alertmanager") == "alertmanager: alertmanager.yml: loaded\n"
    status = httpx2.get(_url(stack, "alertmanager", "/api/v2/status")).json()
    # Root's secrets are copied for a part's own user.
    copies = stack.path / ".burnrate/run/alertmanager/secrets"
    found = copies / secret.name if os.geteuid() == 0 else secret
    assert f"credentials_file: {found}" in status["config"]["original"]
    _reload(stack)


def test_what_a_reload_cannot_change_is_said(stack: Checkout) -> None:
    """An argument or a variable is named; with moved ports parts would not find each other."""
    given = dict(stack.environment)
    try:
        stack.environment["RATE_LIMIT_PER_MINUTE"] = "59999"
        line = "api: arguments or variables changed: make up restarts with them"
        assert line in _reload(stack).splitlines()
        assert _reload(stack, "api").splitlines() == ["nothing changed", line]
        stack.environment["INBOX_PORT"] = "18999"
        done = stack.run("reload")
    finally:
        stack.environment = given
    assert (done.returncode, "ports have moved" in done.stderr) == (1, True)


def test_a_part_is_named_rightly_or_not_at_all(stack: Checkout) -> None:
    """As with the other commands."""
    done = stack.run("reload", "promtheus")
    assert done.returncode == 1
    assert "'promtheus' is not a part of the running stack: postgres, " in done.stderr
