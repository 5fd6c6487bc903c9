"""The stack as containers: up, down, and one part at a time."""

import fcntl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, cast

from burnrate.console import uninterrupted
from burnrate.stack.addresses import (
    BEHIND_THE_DOOR,
    MANIFOLD,
    AddressMap,
    instance_names,
)
from burnrate.stack.compose import SECRETS, SETUP, Compose
from burnrate.stack.containers.compose_command import ComposeCommand
from burnrate.stack.containers.conflicts import EngineConflicts
from burnrate.stack.containers.engine import command_output
from burnrate.stack.containers.host import ContainerHost
from burnrate.stack.containers.replacement import Replacement
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout, make_directory
from burnrate.stack.logs import last_lines
from burnrate.stack.ports import refuse
from burnrate.stack.progress import waiting_line
from burnrate.stack.protocol import Verb
from burnrate.stack.reload import Reload
from burnrate.stack.secrets import MACHINE
from burnrate.stack.stack_record import Mode
from burnrate.stack.status import PartStatus, Verdict

# PostgreSQL's recovery after a stop, and the first probe of any part, take far less.
_PART_START_SECONDS = 120.0
_POLL_SECONDS = 0.5
# A line of Compose's or a build's own that people see of what is in its log.
_PROGRESS_COLUMNS = 100
_OFFER = "MODE=processes runs the same without images"


@dataclass(frozen=True)
class ContainerStack:
    """One checkout's stack in a Docker engine.

    Attributes:
        settings: The user's.
        say: Takes a line for people.
        start_timeout_seconds: How long the whole may take to become healthy.
    """

    layout: Layout
    compose: Compose
    addresses: AddressMap
    settings: Mapping[str, str]
    say: Callable[[str], None]
    start_timeout_seconds: float = 600.0
    mode: ClassVar[Mode] = "containers"

    def is_running(self) -> bool:
        """Whether the engine has containers of this checkout, whoever started them."""
        folder = f"label=com.docker.compose.project.working_dir={self.layout.project}"
        return bool(command_output(["docker", "ps", "--quiet", "--filter", folder]))

    def up(self) -> None:
        """Build, start and wait; what this call started is removed if it fails.

        An optional part that is not healthy is named, and the stack runs without it.

        Raises:
            StackError: images cannot be pulled, or parts are not healthy in time; it names them.
        """
        refuse(self._conflicts().find())
        was_running = self.is_running()
        if was_running:
            self._reload_what_stays()
            self._replace_instances()
        self.say(
            f"building, pulling and starting containers; progress: tail -f {self._command.log}"
        )
        try:
            self._compose_up()
        except BaseException:
            if not was_running:
                with uninterrupted(self.say):
                    self.down()
            raise
        if lines := self._command.unknown_to_compose():
            self.say(
                "before `docker compose up` by hand, which does not read burnrate.yml and would "
                f"take the stack down, write into .env: {' '.join(lines)}"
            )

    def down(self) -> bool:
        """Stop and remove the containers; data stays."""
        self._change("down")
        return True

    def wipe(self) -> None:
        """Remove the containers and all their volumes."""
        self._change("down", "--volumes")

    def start(self, part: str) -> None:
        """Start one part and wait until it is healthy."""
        self._change("start", part)
        self._wait_until_healthy(part)

    def stop(self, part: str) -> None:
        """Stop one part."""
        self._change("stop", part)

    def restart(self, part: str) -> None:
        """Restart one part with its files as they are now, which it checks first if it runs."""
        with self._lock():
            reload = self._reload()
            changed = [name for name, files in reload.check([part]).items() if files]
            reload.host.take(changed)
            is_renewed = reload.renew(part)
        if not is_renewed:
            self._restart(part)

    def reload(self, part: str | None) -> None:
        """Have one part, or all, load their files as they are now."""
        if part is not None and part not in self.compose.parts:
            raise StackError(
                f"{part!r} is not a part of the stack: {', '.join(self.compose.parts)}"
            )
        with self._lock():
            self._reload().run([part] if part else [])

    def print_logs(self, parts: Sequence[str], lines: int, *, is_followed: bool) -> None:
        """Print what the parts print, as Compose does."""
        options = ["--tail", str(lines), *(["--follow"] if is_followed else [])]
        subprocess.run([*self._command.words, "logs", *options, *parts], check=False)

    def status(self) -> list[PartStatus]:
        """Return each part as the engine's health check sees it."""
        rows = self._command.rows()
        # Compose itself leaves out what a profile of a further file excludes (COMPOSE_FILE).
        wanted = set(self._services()) or set(self.compose.parts)
        found = {
            name: _status(name, rows.get(name)) if name in wanted else _left_out(name)
            for name in self.compose.parts
        }
        return [self._behind_the_door(row, found.get("door")) for row in found.values()]

    def secret(self, name: str) -> str:
        """Return one of the door's secrets, as its container has it."""
        done = self._command.run("exec", "-T", "door", "cat", f"{SECRETS}/{name}")
        if done.returncode != 0:
            raise StackError(f"the door does not run: {done.stderr.strip()}")
        return done.stdout.strip()

    def change_people(self, verb: Verb, name: str) -> None:
        """Let somebody more come in at the door, or nobody of that name any more."""
        with self._lock():
            ContainerHost(self._command, self.compose, self._restart).setup(verb, [name])
        self.reload("door")

    def _behind_the_door(self, row: PartStatus, door: PartStatus | None) -> PartStatus:
        """Return where this machine reaches a part that has no port of its own."""
        path = BEHIND_THE_DOOR.get(row.part)
        if path is None or row.address != "inside" or door is None or not door.is_reachable:
            return row
        return replace(row, address=f"{door.address}{path}", login=self._machine_login)

    @cached_property
    def _machine_login(self) -> str:
        return f"{MACHINE}:{self.secret('machine_password')}"

    def _wait_until_healthy(self, part: str) -> None:
        # `docker compose start` comes back as soon as the container runs.
        deadline = time.monotonic() + _PART_START_SECONDS
        while not (row := _status(part, self._command.rows().get(part))).is_good:
            if time.monotonic() > deadline:
                raise StackError(f"{part} is {row.state}, and not healthy: {row.detail}")
            time.sleep(_POLL_SECONDS)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Let one command at a time put files in place."""
        make_directory(self.layout.state, 0o755)
        with (self.layout.state / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _reload_what_stays(self) -> None:
        # What the checkout's newest files need, the setup of an older image may not know.
        self._change("build", SETUP)
        # Compose makes anew what depends on a container that it replaces; not so on a new one.
        self._change("rm", "--force", SETUP)
        with self._lock():
            reload = self._reload()
            # Others get new containers, maybe with programs that want other files.
            if parts := sorted(self.compose.parts.keys() - reload.host.outdated()):
                reload.run(parts, is_forced=False)

    def _replace_instances(self) -> None:
        """Have new containers of the service serve before old ones stop, if there are any."""
        host = ContainerHost(self._command, self.compose, self._restart)
        replacement = Replacement(
            host,
            len(instance_names(self.settings)),
            self.start_timeout_seconds,
            self._look,
            self.say,
        )
        service = self.compose.parts.get(MANIFOLD)
        if service is None or MANIFOLD not in self._command.rows():
            return
        if MANIFOLD in host.outdated() or replacement.is_of_other_image(service.image or ""):
            replacement.run()
        replacement.end_surplus()

    def _reload(self) -> Reload:
        return Reload(ContainerHost(self._command, self.compose, self._restart), self.say)

    def _restart(self, part: str) -> None:
        self._change("restart", part)
        self._wait_until_healthy(part)

    def _change(self, verb: str, *parts: str) -> None:
        if self._command.logged([verb, *parts], self._look) != 0:
            raise self._command.failure(f"docker compose {' '.join([verb, *parts])} failed")

    @cached_property
    def _command(self) -> ComposeCommand:
        return ComposeCommand(self.layout, self.settings, self.say)

    def _conflicts(self) -> EngineConflicts:
        return EngineConflicts(
            self.layout.project, self.compose, self.addresses, self.settings, command_output
        )

    def _look(self) -> str:
        """Return what Compose is at: the parts that are not healthy, or what it printed last."""
        waiting = {
            name: str(row.get("Health") or row.get("State") or "")
            for name, row in self._command.rows().items()
            # `setup` has ended when the others begin.
            if name in self.compose.parts and not _status(name, row).is_good
        }
        last = last_lines(self._command.log, 1)
        return waiting_line(waiting) or "".join(last).strip()[:_PROGRESS_COLUMNS]

    def _compose_up(self) -> None:
        seconds = str(round(self.start_timeout_seconds))
        options = ["--detach", "--wait", "--wait-timeout", seconds, "--build"]
        if self._command.logged(["up", *options], self._look) == 0:
            return
        sick = [row.part for row in self.status() if not row.is_good]
        if not sick or any(self.compose.parts[part].optional is None for part in sick):
            raise self._up_failure(sick)
        for part in sick:
            reason = self.compose.parts[part].optional
            self.say(f"{part} is not healthy: {reason} (burnrate stack logs {part})")

    def _up_failure(self, sick: Sequence[str]) -> StackError:
        images = self._command.output("config", "--images").split()
        missing = [
            i
            for i in sorted(set(images))
            if command_output(["docker", "image", "inspect", i]) is None
        ]
        if missing:
            return self._command.failure(f"cannot pull or build {', '.join(missing)}: {_OFFER}")
        if (row := self._command.rows().get(SETUP)) and row.get("ExitCode"):
            last = self._command.output("logs", "--no-log-prefix", "--tail", "1", SETUP)
            return self._command.failure(f"setup: {last or 'failed'}")
        return self._command.failure(
            f"docker compose up failed; not healthy: {', '.join(sick) or 'none'}"
        )

    def _services(self) -> list[str]:
        return self._command.output("config", "--services").split()


def _left_out(part: str) -> PartStatus:
    detail = "its Compose profile is not active"
    return PartStatus(part, "left out", "-", "-", detail, can_run=False)


def _status(part: str, row: dict[str, object] | None) -> PartStatus:
    if row is None:
        return PartStatus(part, "stopped", "-", "-")
    publishers = cast("list[dict[str, object]]", row.get("Publishers") or [])
    addresses = [f"{p['URL']}:{p['PublishedPort']}" for p in publishers if p.get("PublishedPort")]
    state, health = str(row.get("State", "")), str(row.get("Health", ""))
    # A part without a health check of its own is as healthy as its process is alive.
    is_healthy = state == "running" and health in {"healthy", ""}
    verdict: Verdict = "healthy" if is_healthy else "unhealthy"
    detail = str(row.get("Status", ""))
    return PartStatus(part, state, ", ".join(addresses) or "inside", verdict, detail)
