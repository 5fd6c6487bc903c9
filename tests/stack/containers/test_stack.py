"""Containers: what is asked of Docker, and what is made of its answers."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from burnrate.stack import progress
from burnrate.stack.addresses import AddressMap
from burnrate.stack.compose import Compose
from burnrate.stack.containers.compose_command import parse_rows
from burnrate.stack.containers.stack import ContainerStack
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout

NAMES = ("nginx", "api", "nginx-exporter", "loki", "redis")
# Stands in for the command: notes its arguments and answers by its own folder's files.
DOCKER = """#!/bin/sh
here=$(dirname "$0")
echo "$*" >> "$here/calls"
case "$*" in
    "context "*) echo unix:///var/run/docker.sock ;;
    "ps --all "*) [ ! -e "$here/containers" ] || cat "$here/containers" ;;
    "version "*) cat "$here/engine" ;;
    "compose version "*) cat "$here/compose" ;;
    "ps --quiet "*) cat "$here/ids" ;;
    *" logs "*) echo "burnrate: burnrate.yml is wrong" ;;
    *" run --rm "*" stage"*) echo '{"nginx": []}' ;;
    *" ps --all "*) cat "$here/ps"; [ ! -e "$here/ps-next" ] || mv "$here/ps-next" "$here/ps" ;;
    *" config --images") echo there; echo registry.example/gone:1 ;;
    *" config --services") cat "$here/services" ;;
    "image inspect there") ;;
    "image inspect "*) exit 1 ;;
    *" up "*)
        while [ -e "$here/hold" ]; do sleep 0.05; done
        echo "$GRAFANA_URL" > "$here/grafana-url"
        echo "Error: pull access denied" >&2; exit "$(cat "$here/up")" ;;
esac
"""


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a docker command that works."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "docker").write_text(DOCKER, encoding="utf-8")
    (folder / "docker").chmod(0o755)
    for name, text in {
        "engine": "27.1",
        "compose": "2.29.7",
        "up": "0",
        "ids": "",
        "services": "nginx\napi\nnginx-exporter\nloki\nredis\n",
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


@pytest.fixture
def stack(tmp_path: Path, docker: Path) -> ContainerStack:
    """A stack on that Docker."""
    assert docker.exists()
    layout = Layout(tmp_path, tmp_path / ".burnrate")
    link = '{environment: {GRAFANA_URL: "${GRAFANA_URL:-http://localhost:8090/grafana}"}}'
    layout.compose_file.write_text(f"services: {{inbox: {link}}}\n")
    compose = Compose.model_validate(
        {
            "services": {
                "setup": {},
                **{name: {} for name in NAMES},
                "loki": {"x-optional": "no logs"},
            }
        }
    )
    settings = {"GRAFANA_URL": "https://graphs.example.org"}
    return ContainerStack(
        layout, compose, AddressMap(), settings, lambda line: said(docker).append(line)
    )


_SAID: dict[Path, list[str]] = {}


def said(docker: Path) -> list[str]:
    """Return the lines that were said to people."""
    return _SAID.setdefault(docker, [])


def _calls(docker: Path) -> list[str]:
    calls = (docker / "calls").read_text(encoding="utf-8").splitlines()
    return [call.partition("--project-directory ")[2].partition(" ")[2] or call for call in calls]


def test_up_builds_and_waits(stack: ContainerStack, docker: Path) -> None:
    """And writes no record: the engine knows what runs, whoever started it."""
    stack.up()
    assert "up --detach --wait --wait-timeout 600 --build" in _calls(docker)
    assert not stack.layout.run.exists()
    assert not stack.is_running()
    (docker / "ids").write_text("0123\n", encoding="utf-8")
    assert stack.is_running()


def test_people_are_told_what_a_start_waits_for(
    stack: ContainerStack, docker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compose's own lines are in a log; `setup` has ended by then and is not waited for."""
    monkeypatch.setattr(progress, "_SILENCE_SECONDS", 0.01)
    rows = [
        {"Service": "setup", "State": "exited"},
        {"Service": "api", "State": "running", "Health": "starting"},
        {"Service": "nginx", "State": "created", "Health": ""},
    ]
    (docker / "ps").write_text(json.dumps(rows), encoding="utf-8")
    (docker / "hold").touch()
    waiting = "waiting for api (starting), nginx (created)"

    def hear(line: str) -> None:
        if line == waiting:
            (docker / "hold").unlink(missing_ok=True)
        said(docker).append(line)

    replace(stack, say=hear).up()
    assert waiting in said(docker)


def test_an_interrupted_start_ends_compose_and_removes_what_it_made(
    stack: ContainerStack, docker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C does not reach Compose itself, or a second one would end the removal as well."""
    monkeypatch.setattr(progress, "_SILENCE_SECONDS", 0.01)
    (docker / "ps").write_text('{"Service": "api", "State": "created"}', encoding="utf-8")
    (docker / "hold").touch()

    # Once: on a busy machine the removal is told of as well.
    interrupts = iter([KeyboardInterrupt()])

    def interrupt(line: str) -> None:
        if line.startswith("waiting for") and (pressed := next(interrupts, None)) is not None:
            raise pressed

    with pytest.raises(KeyboardInterrupt):
        replace(stack, say=interrupt).up()
    # While it removes them it looks what is left, on a busy machine.
    assert [call for call in _calls(docker) if not call.startswith("ps ")][-1] == "down"


def test_what_is_in_the_way_stops_a_start_before_compose(
    stack: ContainerStack, docker: Path
) -> None:
    """Nothing is built, pulled or stopped for it."""
    line = f"burnrate-api-1\tburnrate\t{docker}\t"
    (docker / "containers").write_text(line, encoding="utf-8")
    with pytest.raises(StackError, match="are of another checkout"):
        stack.up()
    assert not [call for call in _calls(docker) if call.startswith("up")]


def test_compose_is_given_the_settings(stack: ContainerStack, docker: Path) -> None:
    """It reads .env by itself, but not what burnrate.yml says."""
    stack.up()

    assert (docker / "grafana-url").read_text(encoding="utf-8") == "https://graphs.example.org\n"


@pytest.mark.parametrize(
    ("written", "given"),
    [
        ("https://graphs.example.org/ # ours", ""),
        ("https://other.example.org", "https://graphs.example.org"),
    ],
)
def test_what_env_says_too_is_left_to_compose(
    stack: ContainerStack, docker: Path, written: str, given: str
) -> None:
    """It reads that as it does by itself, so both start the same containers."""
    stack.layout.env_file.write_text(f"GRAFANA_URL={written}\n")

    stack.up()

    assert (docker / "grafana-url").read_text(encoding="utf-8") == f"{given}\n"


@pytest.mark.parametrize(
    ("written", "is_said"),
    [("", True), ("GRAFANA_URL=https://graphs.example.org/\n", False)],
)
def test_what_compose_by_hand_would_not_know_is_said(
    stack: ContainerStack, docker: Path, written: str, *, is_said: bool
) -> None:
    """It would make all containers anew, and `setup` would refuse to start them."""
    stack.layout.env_file.write_text(written)
    line = (
        "before `docker compose up` by hand, which does not read burnrate.yml and would take the "
        "stack down, write into .env: GRAFANA_URL=https://graphs.example.org"
    )

    stack.up()

    assert (line in said(docker)) == is_said


def test_images_that_cannot_be_pulled_are_named_and_the_other_mode_is_offered(
    stack: ContainerStack, docker: Path
) -> None:
    """One line; what was started before the failure is removed."""
    (docker / "up").write_text("1", encoding="utf-8")
    with pytest.raises(StackError) as caught:
        stack.up()
    assert "cannot pull or build registry.example/gone:1: MODE=processes" in str(caught.value)
    assert "Error: pull access denied" in caught.value.log_tail
    assert _calls(docker)[-1] == "down"


def test_a_stack_that_ran_before_a_failed_up_is_left_running(
    stack: ContainerStack, docker: Path
) -> None:
    """Only what this call started is taken away."""
    (docker / "up").write_text("1", encoding="utf-8")
    (docker / "ids").write_text("0123\n", encoding="utf-8")
    with pytest.raises(StackError):
        stack.up()
    assert "down" not in _calls(docker)


def _rows(docker: Path, **states: str) -> None:
    rows = [{"Service": name, "State": "running", "Health": each} for name, each in states.items()]
    (docker / "ps").write_text(json.dumps(rows), encoding="utf-8")


def test_a_sick_optional_part_takes_nothing_down(stack: ContainerStack, docker: Path) -> None:
    """It is named, with what is lost."""
    (docker / "up").write_text("1", encoding="utf-8")
    (docker / "services").write_text("api\nloki\n", encoding="utf-8")
    _rows(docker, api="healthy", loki="unhealthy")

    stack.up()

    assert "down" not in _calls(docker)
    assert "loki is not healthy: no logs (burnrate stack logs loki)" in said(docker)


def test_a_sick_part_of_the_service_or_the_alerts_is_a_failure(
    stack: ContainerStack, docker: Path
) -> None:
    """Without it there is no stack."""
    (docker / "up").write_text("1", encoding="utf-8")
    (docker / "services").write_text("api\nloki\n", encoding="utf-8")
    _rows(docker, api="unhealthy", loki="healthy")
    with pytest.raises(StackError):
        stack.up()
    assert _calls(docker)[-1] == "down"


def test_why_setup_failed_is_in_the_message(stack: ContainerStack, docker: Path) -> None:
    """Its last line, and not that everything else does not run."""
    (docker / "up").write_text("1", encoding="utf-8")
    row = {"Service": "setup", "State": "exited", "ExitCode": 1}
    (docker / "ps").write_text(json.dumps([row]), encoding="utf-8")
    script = DOCKER.replace("echo there; echo registry.example/gone:1", "echo there")
    (docker / "docker").write_text(script, encoding="utf-8")
    with pytest.raises(StackError, match=r"setup: burnrate: burnrate\.yml is wrong"):
        stack.up()


def test_status_is_the_engines_view_of_each_part(stack: ContainerStack, docker: Path) -> None:
    """Health checks decide; a container without one counts when it runs."""
    rows: list[dict[str, object]] = [
        {
            "Service": "nginx",
            "State": "running",
            "Health": "healthy",
            "Status": "Up 2 minutes (healthy)",
            "Publishers": [
                {"URL": "127.0.0.1", "PublishedPort": 8080},
                {"URL": "", "PublishedPort": 0},
            ],
        },
        {"Service": "api", "State": "running", "Health": "starting", "Publishers": None},
        {"Service": "nginx-exporter", "State": "running", "Health": ""},
        {"Service": "loki", "State": "exited", "Health": "", "Status": "Exited (1)"},
    ]
    (docker / "ps").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    found = stack.status()
    assert [(row.part, row.state, row.address, row.health) for row in found] == [
        ("nginx", "running", "127.0.0.1:8080", "healthy"),
        ("api", "running", "inside", "unhealthy"),
        ("nginx-exporter", "running", "inside", "healthy"),
        ("loki", "exited", "inside", "unhealthy"),
        ("redis", "stopped", "-", "-"),
    ]


def test_a_part_that_a_profile_leaves_out_is_not_sick(stack: ContainerStack, docker: Path) -> None:
    """Whoever has no image of Tempo gives it a profile in a further file, and the rest is whole."""
    (docker / "ps").write_text('{"Service": "api", "State": "running"}', encoding="utf-8")
    (docker / "services").write_text("api\n", encoding="utf-8")
    rows = {row.part: row for row in stack.status()}
    assert (rows["api"].health, rows["api"].is_good) == ("healthy", True)
    loki = rows["loki"]
    assert (loki.state, loki.address, loki.is_good) == ("left out", "-", True)


@pytest.mark.parametrize("verb", ["start", "restart"])
def test_a_part_is_started_when_it_is_healthy(
    stack: ContainerStack, docker: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """`docker compose start` comes back as soon as its container runs."""
    monkeypatch.setattr("burnrate.stack.containers.stack._POLL_SECONDS", 0)
    for name, health in (("ps", "starting"), ("ps-next", "healthy")):
        row = {"Service": "redis", "State": "running", "Health": health}
        (docker / name).write_text(json.dumps(row), encoding="utf-8")
    getattr(stack, verb)("redis")
    calls = _calls(docker)
    later = calls[calls.index(f"{verb} redis") :]
    # After a restart's first look the container starts again.
    assert later.count("ps --all --format json") == {"start": 2, "restart": 1}[verb]


def test_a_part_that_stays_unhealthy_is_an_error_with_its_state(
    stack: ContainerStack, docker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs, and its health check never says that it is well."""
    monkeypatch.setattr("burnrate.stack.containers.stack._PART_START_SECONDS", 0)
    row = {"Service": "api", "State": "running", "Health": "unhealthy", "Status": "Up 2 minutes"}
    (docker / "ps").write_text(json.dumps(row), encoding="utf-8")
    with pytest.raises(StackError, match="api is running, and not healthy: Up 2 minutes"):
        stack.start("api")


@pytest.mark.parametrize(
    ("output", "services"),
    [("", []), ('[{"Service": "a"}]', ["a"]), ('{"Service": "a"}\n{"Service": "b"}', ["a", "b"])],
)
def test_both_notations_of_compose_are_read(output: str, services: list[str]) -> None:
    """An array up to 2.20, a line for each container since."""
    assert [row["Service"] for row in parse_rows(output)] == services
