"""docker-compose.yml rendered as what runs on this machine."""

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from burnrate.stack.addresses import BEHIND_THE_DOOR, AddressMap, kind_of
from burnrate.stack.compose import Compose, Service
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout
from burnrate.stack.processes.definitions import DEFINITIONS, ProcessDefinition
from burnrate.stack.processes.inventory import Inventory
from burnrate.stack.processes.programs import grafana_home
from burnrate.stack.processes.supervision import SupervisedProgram, heartbeat_folder
from burnrate.stack.processes.users import Belongings, User, Users, View
from burnrate.stack.render import Renderer, Sources, digest, find_mounts, with_secrets
from burnrate.stack.secrets import read_secret
from burnrate.stack.stack_record import PartRecord

# By it the service's program finds what it shall be next (telemetry/server/renewal.py).
PROGRAM_VARIABLE = "BURNRATE_PROGRAM"
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class RenderedPart:
    """One part, ready to be started.

    Attributes:
        depends_on: The parts that run here and must be healthy first.
        files: Its configuration files, with their content.
        has_secrets: Whether secrets stand in them.
        belongings: What its user alone may read or write.
    """

    program: SupervisedProgram
    depends_on: tuple[str, ...]
    files: Mapping[Path, bytes]
    has_secrets: bool = False
    belongings: Belongings = field(default_factory=Belongings)

    @property
    def name(self) -> str:
        """The part's name."""
        return self.program.name

    @property
    def record(self) -> PartRecord:
        """What is recorded when it is started."""
        variables = (f"{k}={v}" for k, v in sorted(self.program.environment.items()))
        words = [*self.program.arguments, *variables]
        if user := self.program.user:
            words += user.command(self.program.directory)
        files = [f"{path}\0".encode() + content for path, content in sorted(self.files.items())]
        return PartRecord(
            name=self.name,
            depends_on=self.depends_on,
            stop_signal=self.program.stop_signal,
            grace_seconds=self.program.grace_seconds,
            program=digest("\0".join(words).encode()),
            files=digest(*files),
            base=self._base,
        )

    @property
    def _base(self) -> str:
        environment, user = self.program.environment, self.program.user
        if PROGRAM_VARIABLE not in environment:
            return ""
        kept = [environment[PROGRAM_VARIABLE], environment.get("API_BIND", "")]
        kept += [str(self.program.directory), *map(str, self.program.temporary_directories)]
        kept += user.command(self.program.directory) if user else []
        return digest("\0".join(kept).encode())


@dataclass(frozen=True)
class PartRenderer:
    """Renders the parts of a stack for this machine.

    Attributes:
        users: Whom they run as; nobody else than who starts them, if nothing is said.
    """

    sources: Sources
    layout: Layout
    compose: Compose
    addresses: AddressMap
    inventory: Inventory
    users: Users = field(default_factory=lambda: Users({}))

    def all(self) -> dict[str, RenderedPart]:
        """Return the parts that can run here, by name; raises StackError as `part` does."""
        return {name: self.part(name) for name in self.inventory.programs}

    def part(self, name: str) -> RenderedPart:
        """Return one part.

        Raises:
            StackError: the compose file asks for what no process can have; KeyError where the part
                cannot run here.
        """
        program, definition = self.inventory.programs[name], DEFINITIONS[kind_of(name)]
        service = self.compose.services[name]
        user = self._user(name, definition, program)
        secrets = self.layout.run / name / "secrets" if user and not user.account else None
        mounts = find_mounts(self.layout, self.compose, name, secrets)
        renderer = Renderer(name, self.addresses, mounts.paths, self.inventory.absent_targets)
        supervised = SupervisedProgram(
            name=name,
            arguments=(str(program), *self._arguments(service, definition, program, renderer)),
            environment=self._environment(service, definition, renderer),
            directory=self.layout.checkout if definition.is_python else self.layout.run / name,
            user=user,
            temporary_directories=mounts.temporary_directories,
            stop_signal=_signal_name(service.stop_signal or definition.stop_signal),
            grace_seconds=service.stop_grace_period,
        )
        files = self._files(name, service, renderer)
        complete = with_secrets(files, partial(read_secret, self.layout.secrets))
        return RenderedPart(
            program=supervised,
            depends_on=tuple(n for n in service.depends_on if n not in self.inventory.absent),
            files=complete,
            has_secrets=complete != files,
            belongings=Belongings(
                folders=(*mounts.stored, *mounts.temporary_directories),
                secrets=secrets,
                originals=tuple(self.layout.secrets / each for each in service.secrets),
            ),
        )

    def _user(self, name: str, definition: ProcessDefinition, program: Path) -> User | None:
        if definition.account and os.geteuid() == 0:
            return User.of_account(definition.account)
        user = self.users.by_part.get(name)
        if user is None or definition.is_python:
            return user
        # Somebody may have put it where only root gets.
        folders = {program.parent, program.resolve().parent, grafana_home(program)}
        return replace(user, view=View.of(folders, user.view.scratch))

    def _files(self, name: str, service: Service, renderer: Renderer) -> dict[Path, bytes]:
        definition = DEFINITIONS[kind_of(name)]
        files = self.sources.files_of(service, definition.replacements)
        folder = self.layout.etc / name
        module = definition.module
        left_out = f"{module.folder}/" if module and not module.file.exists() else None
        return {
            folder / path: renderer.file(path, content)
            for path, content in files.items()
            if left_out is None or not path.startswith(left_out)
        }

    def _arguments(
        self, service: Service, definition: ProcessDefinition, program: Path, renderer: Renderer
    ) -> list[str]:
        values = {**self._values(), "grafana_home": str(grafana_home(program))}
        command = service.command or []
        # Where the command names the program, what wraps it is the container's.
        is_wrapped = bool(command) and Path(command[0]).name == definition.program
        words = [*([] if is_wrapped else service.entrypoint or []), *command]
        # Most images have the program as their entry point; else the file names it first.
        if words and Path(words[0]).name == definition.program:
            words = words[1:]
        subcommand = (word.format_map(values) for word in definition.subcommand)
        words = [*subcommand, *(renderer.text(word) for word in words)]
        for flag, value in definition.options:
            words = with_option(words, flag, value.format_map(values))
        return words

    def _environment(
        self, service: Service, definition: ProcessDefinition, renderer: Renderer
    ) -> dict[str, str]:
        given = renderer.environment(service.environment)
        if lost := [name for name, value in given.items() if value and definition.is_lost(name)]:
            raise StackError(
                f"docker-compose.yml: {renderer.part}: {lost[0]} is read by the image's entry "
                f"script and not by {definition.program}, so that a process would never see it"
            )
        if "grafana" in self.inventory.absent:
            # The one that people open may be elsewhere, and answer.
            given.pop("INBOX_GRAFANA_INTERNAL_URL", None)
        own = {k: v.format_map(self._values()) for k, v in definition.environment.items()}
        return {**self._base_environment(service, definition, renderer.part), **given, **own}

    def _base_environment(
        self, service: Service, definition: ProcessDefinition, part: str
    ) -> dict[str, str]:
        # Nothing of the caller's: `up` from another shell must find nothing changed.
        base = {
            "PATH": f"{sys.prefix}/bin:{_SYSTEM_PATH}",
            "HOME": str(self.layout.run / part),
            "LANG": "C.UTF-8",
        }
        if definition.is_python:
            base["PYTHONUNBUFFERED"] = "1"
        if definition.is_renewed:
            base[PROGRAM_VARIABLE] = str(self.layout.run / f"{part}.json")
        # A container's /tmp is its own and starts empty.
        if "/tmp" in service.temporary_directories:  # noqa: S108
            base["TMPDIR"] = str(self.layout.run / part / "tmp")
        # Spans with nowhere to go would only be a failed export every few seconds.
        is_tempo_absent = "tempo" in self.inventory.absent
        if is_tempo_absent and "OTEL_EXPORTER_OTLP_ENDPOINT" in service.environment:
            base["OTEL_TRACES_EXPORTER"] = "none"
        # Elsewhere there may be one; behind the door here there is none.
        address = f"http://localhost:{self.addresses.port('door')}{BEHIND_THE_DOOR['grafana']}"
        is_here = service.environment.get("INBOX_GRAFANA_URL") == address
        if is_here and "grafana" in self.inventory.absent:
            base["INBOX_HAS_GRAFANA"] = "false"
        # Runbooks ask Loki; without one they name the files.
        if "INBOX_GRAFANA_URL" in service.environment and "loki" in self.inventory.absent:
            base["INBOX_LOGS_FOLDER"] = str(self.layout.logs)
        return base

    def _values(self) -> dict[str, str]:
        ports = {e.variable.lower(): str(port) for e, port in self.addresses.ports.items()}
        return {
            **ports,
            "logs": str(self.layout.logs),
            "heartbeat": str(heartbeat_folder(self.layout)),
        }


def with_option(words: list[str], flag: str, value: str) -> list[str]:
    """Return arguments in which `flag` has `value`; `-c` may stand many times, the last wins."""
    if flag == "-c":
        return [*words, flag, value]
    result = list(words)
    for index, word in enumerate(words):
        if word == flag and index + 1 < len(words):
            result[index + 1] = value
            return result
        if word.startswith(f"{flag}="):
            result[index] = f"{flag}={value}"
            return result
    return [*result, flag, value] if flag.startswith("--") else [*result, f"{flag}={value}"]


def _signal_name(name: str) -> str:
    try:
        return signal.Signals[f"SIG{name.upper().removeprefix('SIG')}"].name.removeprefix("SIG")
    except KeyError as error:
        raise StackError(f"docker-compose.yml: stop_signal {name!r} is not a signal") from error
