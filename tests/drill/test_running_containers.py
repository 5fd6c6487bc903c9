"""A drill on containers asks Docker to stop and start the parts, with a docker of the test's."""

import sys
from itertools import dropwhile
from pathlib import Path

import pytest

from burnrate.drill.errors import Refused, UndoFailed
from burnrate.drill.faults import StoppedPart
from burnrate.drill.running_stack import RunningStack

CHECKOUT = Path(__file__).resolve().parents[2]
# Notes what it is asked, and keeps each stopped part's state in a file of its name: how often it
# must be looked at until it is healthy again.
DOCKER = f"""#!{sys.executable}
import json, pathlib, sys

here = pathlib.Path(__file__).parent
if sys.argv[1] != "compose":
    # The engine itself is asked whether it has containers of this checkout.
    sys.exit(print("0123") if sys.argv[1] == "ps" else None)
words = sys.argv[sys.argv.index("--project-directory") + 2:]
with (here / "calls").open("a") as calls:
    print(*words[:2], file=calls)
if words[0] == "stop":
    (here / words[1]).write_text("stopped")
elif words[0] == "start":
    if (here / "broken").exists():
        sys.exit("no such image")
    (here / words[1]).write_text("2")
elif words[0] == "ps":
    for name in (here / "services").read_text().split():
        part = here / name
        left = part.read_text() if part.exists() else "0"
        state, health = "running", "healthy" if left == "0" else "starting"
        if left == "stopped":
            state, health = "exited", ""
        elif left != "0":
            part.write_text(str(int(left) - 1))
        print(json.dumps({{"Service": name, "State": state, "Health": health}}))
"""


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the docker command."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "docker").write_text(DOCKER)
    (folder / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def stack(tmp_path: Path, docker: Path, monkeypatch: pytest.MonkeyPatch) -> RunningStack:
    """A stack that was started as containers, all of them healthy."""
    checkout = tmp_path / "checkout"
    (checkout / "burnrate").mkdir(parents=True)
    (checkout / "docker-compose.yml").write_bytes((CHECKOUT / "docker-compose.yml").read_bytes())
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("BURNRATE_STATE_DIR", str(tmp_path / "state"))
    # As root the state must be where every user can walk to; nothing is written there.
    monkeypatch.setattr("burnrate.stack.layout.is_open_to_all", lambda _: True)
    monkeypatch.setattr("burnrate.stack.containers.stack._POLL_SECONDS", 0.01)
    found = RunningStack.find(lambda _line: None)
    (docker / "services").write_text(" ".join(found.session.compose.parts))
    return found


def calls(docker: Path) -> list[str]:
    """Return what docker compose was asked, from the first change on."""
    asked = (docker / "calls").read_text().splitlines()
    return [*dropwhile(lambda call: call.startswith(("ps ", "config ")), asked)]


def test_a_stopped_part_is_back_only_when_it_is_healthy(stack: RunningStack, docker: Path) -> None:
    """`docker compose start` itself comes back sooner."""
    fault = StoppedPart(stack, "inbox")
    fault.apply()
    assert calls(docker) == ["stop inbox"]
    fault.undo()
    assert calls(docker)[1] == "start inbox"
    assert calls(docker).count("ps --all") == 3


def test_an_undoing_that_fails_says_what_to_do_by_hand(stack: RunningStack, docker: Path) -> None:
    """After a second try."""
    fault = StoppedPart(stack, "api")
    fault.apply()
    (docker / "broken").touch()
    with pytest.raises(UndoFailed, match="burnrate stack start api"):
        fault.undo()
    assert calls(docker) == ["stop api", "start api", "start api"]


def test_a_part_that_stays_sick_is_no_success(
    stack: RunningStack, docker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs, and its health check never says that it is well."""
    monkeypatch.setattr("burnrate.stack.containers.stack._PART_START_SECONDS", 0)
    with pytest.raises(UndoFailed, match="inbox is running, and not healthy"):
        StoppedPart(stack, "inbox").undo()
    assert calls(docker).count("start inbox") == 2


def test_containers_that_are_not_all_well_are_not_drilled(
    stack: RunningStack, docker: Path
) -> None:
    """The engine's own health checks decide."""
    (docker / "redis").write_text("stopped")
    with pytest.raises(Refused, match="not healthy: redis "):
        stack.check()
