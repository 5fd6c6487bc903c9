"""Containers, as a reload sees them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from burnrate.stack.addresses import BEHIND_THE_DOOR, ENDPOINTS, LOCKED
from burnrate.stack.compose import CONFIGURATION, SECRETS, SETUP, Compose
from burnrate.stack.containers.compose_command import ComposeCommand
from burnrate.stack.containers.engine import command_output
from burnrate.stack.errors import StackError
from burnrate.stack.reload import Output
from burnrate.stack.secrets import MACHINE

# Has Python, and is where all that are asked can be reached.
_ASKING = "inbox"
_ASK = f"""
import base64, sys, urllib.request as r
request = r.Request(sys.argv[1])
if sys.argv[2:]:
    login = f"{MACHINE}:{{open(sys.argv[2]).read().strip()}}"
    request.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
print(r.urlopen(request, timeout=5).read().decode())
"""
_PROJECT = "label=com.docker.compose.project.working_dir"
_HASHES = '{{.Label "com.docker.compose.service"}} {{.Label "com.docker.compose.config-hash"}}'


@dataclass(frozen=True)
class ContainerHost:
    """The containers of a running stack.

    Attributes:
        restarts: Restarts a part and waits until it is healthy.
    """

    command: ComposeCommand
    compose: Compose
    restarts: Callable[[str], None]

    def stage(self, parts: Sequence[str]) -> dict[str, list[str]]:
        """Have `setup` write candidates into the parts' volumes, and secrets in their place."""
        answer = self.setup("stage", parts)
        return cast("dict[str, list[str]]", json.loads(answer.splitlines()[-1]))

    def take(self, parts: Sequence[str]) -> None:
        """Have `setup` put candidates in place."""
        if parts:
            self.setup("take", parts)

    def put_back(self, parts: Sequence[str]) -> None:
        """Have `setup` undo `take`."""
        if parts:
            self.setup("put-back", parts)

    def running(self) -> frozenset[str]:
        """Return the parts whose container runs."""
        rows = self.command.rows().items()
        return frozenset(part for part, row in rows if row.get("State") == "running")

    def outdated(self) -> frozenset[str]:
        """Return the parts whose container Compose would make anew, by its own fingerprints."""
        folder = f"{_PROJECT}={self.command.layout.project}"
        listed = command_output(["docker", "ps", "--filter", folder, "--format", _HASHES]) or ""
        now = dict(
            line.split() for line in self.command.run("config", "--hash", "*").stdout.splitlines()
        )
        before = (line.split() for line in listed.splitlines())
        return frozenset(part for part, found in before if now.get(part, found) != found)

    def checkable(self) -> frozenset[str]:
        """Return the parts that run: a program is asked in its container."""
        return self.running()

    def arguments(self, part: str) -> Sequence[str]:
        """Return the part's arguments; a command may begin with the program."""
        words = self.compose.services[part].command or []
        return words[1:] if words and not words[0].startswith("-") else words

    def folder(self, _part: str) -> str:
        """Each part finds its files at the same place."""
        return CONFIGURATION

    def execute(self, part: str, command: Sequence[str], user: str | None) -> Output:
        """Run a program in the part's container."""
        options = ["-T", *(["--user", user] if user else [])]
        done = self.command.run("exec", *options, part, *command)
        return Output(done.returncode == 0, done.stdout + done.stderr)

    def signal(self, part: str) -> None:
        """Have the engine send SIGHUP to the container's first process."""
        done = self.command.run("kill", "--signal", "HUP", part)
        if done.returncode != 0:
            raise StackError(f"{part}: {_last(done.stderr)}")

    def restart(self, part: str) -> None:
        """Restart the part and wait until it is healthy."""
        self.restarts(part)

    def get(self, part: str, path: str) -> str:
        """Return what the part answers, asked from where it can be reached."""
        port = next(each.container_port for each in ENDPOINTS if each.part == part)
        url = f"http://{part}:{port}{BEHIND_THE_DOOR.get(part, '')}{path}"
        password = [f"{SECRETS}/machine_password"] if part in LOCKED else []
        done = self.command.run("exec", "-T", _ASKING, "python", "-c", _ASK, url, *password)
        if done.returncode != 0:
            raise StackError(f"{part} does not answer {_ASKING}: {_last(done.stderr)}")
        return done.stdout

    def workers(self, part: str) -> frozenset[int]:
        """Return the children of the container's first process."""
        done = self.execute(part, ["cat", "/proc/1/task/1/children"], None)
        return (
            frozenset(int(word) for word in done.text.split()) if done.is_success else frozenset()
        )

    def log_mark(self, _part: str) -> str:
        """Return the time."""
        return datetime.now(UTC).isoformat().replace("+00:00", "Z")

    def log_since(self, part: str, mark: str) -> list[str]:
        """Return the lines since a time."""
        done = self.command.run("logs", "--no-log-prefix", "--since", mark, part)
        return done.stdout.splitlines()

    def setup(self, step: str, parts: Sequence[str]) -> str:
        """Run a step of the one-shot service; returns what it printed."""
        words = [*(self.compose.services[SETUP].command or []), "--step", step, *parts]
        done = self.command.run("run", "--rm", "--no-deps", "-T", SETUP, *words)
        if done.returncode != 0:
            raise StackError(f"setup: {_last(done.stderr).removeprefix('burnrate: ')}")
        return done.stdout


def _last(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]
