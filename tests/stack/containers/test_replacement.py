"""The service's containers are made anew one way or not at all; somebody serves all the while."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from burnrate.stack.compose import Compose
from burnrate.stack.containers.compose_command import ComposeCommand
from burnrate.stack.containers.host import ContainerHost
from burnrate.stack.containers.replacement import Replacement
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout

# Stands in for the command: keeps containers as [number, id, image], and notes what it is asked.
DOCKER = """#!{python} -IS
import json, pathlib, sys
here, words = pathlib.Path(__file__).parent, sys.argv[1:]
state = json.loads((here / "state").read_text())
made, calls = state["containers"], state["calls"]

def add(number):
    state["ids"] += 1
    made.append([number, "c%d" % state["ids"], state["image"]])

if words[0] == "ps":
    print("\\n".join("%d %s %s" % tuple(each) for each in made))
elif words[0] == "image":
    print(state["image"])
elif words[0] == "inspect":
    print("burnrate_data 10.0.0.1\\nburnrate_edge 172.16.0.%s" % words[-1])
elif words[0] in ("stop", "rm"):
    calls.append(" ".join(words))
    if words[0] == "rm":
        made[:] = [each for each in made if each[1] not in words]
elif "exec" in words and "sh" in words:
    calls.append("; ".join(words[words.index("-c") + 3 :]))
elif "exec" in words:
    print(state["worker"])
elif "kill" in words:
    state["worker"] += state["reloads"]
elif "ps" in words:
    print(json.dumps([{"Service": "nginx", "State": "running"}]))
elif "up" in words:
    calls.append(" ".join(word for word in words if "=" in word or word == "--no-recreate"))
    old = [each for each in made if each[2] != state["image"]]
    if "--no-recreate" not in words:
        made[:] = [each for each in made if each not in old]
        for number, *_ in old:
            add(number)
    (scale,) = [word for word in words if "=" in word]
    for number in range(max(each[0] for each in made) + 1, int(scale.partition("=")[2]) + 1):
        add(number)
    state["ups"] += 1
    (here / "state").write_text(json.dumps(state))
    sys.exit(state["ups"] == state["failing"])
(here / "state").write_text(json.dumps(state))
"""


@dataclass(frozen=True)
class Engine:
    """Two containers of an old image, where a new one is there; `failing` is the up that fails."""

    folder: Path

    def write(self, failing: int = 0, image: str = "new", *, reloads: bool = True) -> None:
        """Make it so; `reloads` says whether the proxy gets new workers by a signal."""
        containers = [[2, "b", "old"], [1, "a", "old"]]
        state = {"containers": containers, "calls": [], "ids": 0, "ups": 0, "worker": 7}
        self._file.write_text(
            json.dumps({**state, "failing": failing, "image": image, "reloads": reloads})
        )

    @property
    def containers(self) -> list[tuple[int, str]]:
        """The number and the image of each."""
        return sorted((number, image) for number, _, image in self._state["containers"])

    @property
    def calls(self) -> list[str]:
        """What was asked of it that changes something."""
        return list(self._state["calls"])

    @property
    def _file(self) -> Path:
        return self.folder / "state"

    @property
    def _state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._file.read_text())
        return found


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine that answers."""
    program = tmp_path / "docker"
    program.write_text(DOCKER.replace("{python}", sys.executable), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    made = Engine(tmp_path)
    made.write()
    return made


def _replacement(engine: Engine, count: int = 2) -> Replacement:
    layout = Layout(engine.folder, engine.folder / ".burnrate")
    command = ComposeCommand(layout, {"DOCKER_SOCKET": "/run/docker.sock"}, lambda _line: None)
    compose = Compose.model_validate({"services": {"nginx": {}, "api": {}}})
    host = ContainerHost(command, compose, lambda _part: None)
    return Replacement(host, count, 60, str, lambda _line: None)


def _asked(*containers: str) -> str:
    """Return the proxy's servers while these alone are asked."""
    return "; ".join(f"server 172.16.0.{each}:8000 fail_timeout=30s;" for each in containers)


_EVERYBODY = "server api:8000 resolve fail_timeout=30s;"


def test_as_many_more_serve_while_the_others_are_made_anew(engine: Engine) -> None:
    """Whoever stops is asked by nobody any more; the new ones have the old ones' numbers."""
    _replacement(engine).run()
    assert engine.containers == [(1, "new"), (2, "new")]
    assert engine.calls == [
        "api=4 --no-recreate",
        _asked("c1", "c2"),
        "stop a b",
        "api=4",
        _EVERYBODY,
        _asked("c4", "c3"),
        "stop c1 c2",
        "rm --force c1 c2",
        _EVERYBODY,
    ]


def test_new_ones_that_do_not_become_healthy_are_removed(engine: Engine) -> None:
    """The others have not been touched."""
    engine.write(failing=1)
    with pytest.raises(StackError, match="do not become healthy, those of before serve on"):
        _replacement(engine).run()
    assert engine.containers == [(1, "old"), (2, "old")]
    assert engine.calls == ["api=4 --no-recreate", "stop c1 c2", "rm --force c1 c2"]


def test_a_proxy_that_does_not_follow_stops_nobody(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It refuses its files, say; then nothing has happened."""
    monkeypatch.setattr("burnrate.stack.containers.replacement._RELOAD_SECONDS", 0)
    engine.write(reloads=False)
    with pytest.raises(StackError, match="nginx does not pass requests on"):
        _replacement(engine).run()
    assert engine.containers == [(1, "old"), (2, "old")]
    assert "stop a b" not in engine.calls


def test_the_further_ones_stay_if_the_others_do_not_come_back(engine: Engine) -> None:
    """What does serve is never stopped."""
    engine.write(failing=2)
    with pytest.raises(StackError, match="further containers serve in its place"):
        _replacement(engine).run()
    assert [number for number, _ in engine.containers] == [1, 2, 3, 4]
    assert not [call for call in engine.calls if call.startswith("stop c")]


def test_fewer_instances_end_when_nobody_asks_them(engine: Engine) -> None:
    """The youngest of them."""
    _replacement(engine, count=2).end_surplus()
    assert engine.calls == []
    _replacement(engine, count=1).end_surplus()
    assert engine.containers == [(1, "old")]
    assert engine.calls == [_asked("a"), "stop b", "rm --force b", _EVERYBODY]


@pytest.mark.parametrize(("image", "is_other"), [("new", True), ("old", False), ("", False)])
def test_another_image_of_the_same_name_is_seen(
    engine: Engine, image: str, *, is_other: bool
) -> None:
    """A build gives the name to a new one; where it is not there nothing is known."""
    engine.write(image=image)
    assert _replacement(engine).is_of_other_image("burnrate:local") is is_other
