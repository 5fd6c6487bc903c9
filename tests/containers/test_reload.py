"""`burnrate stack reload` on containers: what is right is loaded, what is wrong changes nothing."""

import shlex

import httpx2
import pytest

from tests.alerting.receivers import http_receiver
from tests.containers.running import RunningContainers
from tests.containers.stack import Containers
from tests.docs.pages import under
from tests.servers.checkout import ROOT
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.containers]


@pytest.fixture
def own(stack: Containers) -> Containers:
    """A stack whose files may be edited."""
    if isinstance(stack, RunningContainers):
        pytest.skip("would edit the files of a stack that somebody uses")
    return stack


def _started(stack: Containers) -> dict[str, str]:
    return {name: str(each["State"]["StartedAt"]) for name, each in stack.containers().items()}


def _in_place(stack: Containers, part: str, name: str) -> str:
    return stack.execute(part, "cat", f"/etc/burnrate/{name}").stdout


def test_what_changed_is_loaded_by_the_same_containers(own: Containers) -> None:
    """By the command, and by a second `up`; the parts themselves say so."""
    before = _started(own)
    with (
        own.edited("alerting/alertmanager.yml", "group_wait: 10s", "group_wait: 13s"),
        own.edited("nginx/nginx.conf", "server {", "server { add_header X-Made reload;"),
        own.edited("nginx/docker-proxy.conf", "server {", "server { # changed"),
        own.edited("prometheus/prometheus.yml", "global:", "global:\n  external_labels: {a: b}"),
    ):
        done = own.run("reload")
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        for line in (
            "alertmanager: alertmanager.yml: loaded",
            "nginx: nginx.conf: loaded",
            "docker-proxy: nginx.conf: loaded",
            "prometheus: prometheus.yml: loaded",
            "postgres: nothing changed: loaded",
        ):
            assert line in lines
        status = httpx2.get(own.url("alertmanager", "/api/v2/status")).json()
        assert "group_wait: 13s" in status["config"]["original"]
        config = httpx2.get(own.url("prometheus", "/api/v1/status/config")).json()
        assert "a: b" in config["data"]["yaml"]
        assert _started(own) == before
    with own.edited("alerting/alertmanager.yml", "group_wait: 10s", "group_wait: 14s"):
        assert "alertmanager: alertmanager.yml: loaded" in own.up()
        assert _started(own) == before
    assert own.run("reload").returncode == 0


@pytest.mark.parametrize(
    ("part", "name", "file"),
    [
        ("nginx", "nginx/nginx.conf", "nginx.conf"),
        ("docker-proxy", "nginx/docker-proxy.conf", "nginx.conf"),
        ("prometheus", "prometheus/rules/stack.yml", "rules/stack.yml"),
        ("alertmanager", "alerting/alertmanager.yml", "alertmanager.yml"),
        ("postgres", "postgres/postgresql.conf", "postgresql.conf"),
        ("loki", "loki/loki.yml", "loki.yml"),
        ("tempo", "tempo/tempo.yml", "tempo.yml"),
        ("alloy", "alloy/pipeline.alloy", "pipeline/pipeline.alloy"),
    ],
)
def test_a_broken_file_changes_nothing(own: Containers, part: str, name: str, file: str) -> None:
    """The part's own program refuses it; what is in the volume stays, for a restart too."""
    if image := own.images.absent_parts().get(part):
        pytest.skip(f"{image} cannot be pulled, and there is no stand-in")
    started, in_place = _started(own), _in_place(own, part, file)
    good = (own.path / name).read_text(encoding="utf-8")
    with own.edited(name, good, f"{good}\nbroken: [1]\n"):
        commands = [["reload", part], ["restart", part]]
        for done in [own.run(*command) for command in commands]:
            assert done.returncode == 1, done.stdout
            assert f"burnrate: {part} refuses its files: " in done.stderr
    assert _started(own) == started
    assert _in_place(own, part, file) == in_place


def test_a_persons_secret_is_there_when_it_is_named(own: Containers) -> None:
    """In the volume of the part that lists it, with the value that the file has now."""
    receiver = (
        "receivers:\n  - name: own\n    webhook_configs:\n      - url: http://127.0.0.1:9/\n"
        "        http_config:\n          authorization:\n"
        "            credentials_file: /etc/burnrate/secrets/hook_token"
    )
    listed = "inbox_token]\n    # Who is told"
    secret = own.path / ".burnrate/secrets/hook_token"
    secret.parent.mkdir(exist_ok=True)
    with (
        own.edited("alerting/alertmanager.yml", "receivers:", receiver),
        own.edited("docker-compose.yml", listed, listed.replace("]", ", hook_token]")),
    ):
        missing = own.run("reload", "alertmanager")
        assert "no secret hook_token: write it to .burnrate/secrets/hook_token" in missing.stderr
        for value in ("one", "two"):
            secret.write_text(value)
            done = own.run("reload", "alertmanager")
            assert done.returncode == 0, done.stderr
            assert _in_place(own, "alertmanager", "secrets/hook_token") == value
        assert "secrets/hook_token: read without a reload" in done.stdout
    secret.unlink()
    assert own.run("reload", "alertmanager").returncode == 0


def test_a_webhook_on_the_engines_machine_gets_an_alert(own: Containers) -> None:
    """By the name that the page tells, and with the try that it shows."""
    (try_it,) = [c for c in under(ROOT / "docs/receivers.md", "By hand") if "amtool" in c]
    routes = '  routes:\n    - matchers: [alertname = "Try"]\n      receiver: own\n'
    with http_receiver("0.0.0.0") as got:  # noqa: S104 - a container comes from another address
        receivers = "receivers:\n  - name: own\n    webhook_configs:\n"
        receivers += f"      - url: http://host.docker.internal:{got.port}/hook\n"
        with (
            own.edited("alerting/alertmanager.yml", "receivers:\n", receivers),
            own.edited("alerting/alertmanager.yml", "  routes:\n", routes),
        ):
            assert own.run("reload", "alertmanager").returncode == 0
            # The page's goes through the door; a program of this machine may not be there.
            login = "--http.config.file=/etc/burnrate/login.yml"
            inside = "--alertmanager.url=http://127.0.0.1:9093/alertmanager"
            words = ["amtool", login, inside, *shlex.split(try_it)[2:]]
            done = own.compose("exec", "-T", "alertmanager", *words)
            assert done.returncode == 0, done.stderr
            wait_until(lambda: bool(got.bodies.get("/hook")), "the notification")
    assert got.bodies["/hook"][0]["commonLabels"]["alertname"] == "Try"
    assert own.run("reload", "alertmanager").returncode == 0
