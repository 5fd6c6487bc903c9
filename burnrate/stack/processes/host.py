"""Plain processes, as a reload sees them."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from burnrate.http_client import HttpClient, NoAnswer
from burnrate.stack.addresses import LOCKED, AddressMap
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout
from burnrate.stack.processes.programs import find_system_program
from burnrate.stack.processes.rendering import RenderedPart
from burnrate.stack.processes.supervision import SupervisedProgram, Supervisor, main_process_id
from burnrate.stack.reload import Output
from burnrate.stack.render import clear_candidate, put_back, take_candidate, write_candidate
from burnrate.stack.secrets import machine_login
from burnrate.stack.stack_record import StackRecord

_CHECK_SECONDS = 60


@dataclass(frozen=True)
class ProcessHost:
    """The parts of a running stack.

    Attributes:
        parts: As they would be started now.
        record: As they were started.
        restarts: Restarts a part and waits until it is healthy.
    """

    layout: Layout
    addresses: AddressMap
    parts: Mapping[str, RenderedPart]
    record: StackRecord
    restarts: Callable[[str], None]

    def stage(self, parts: Sequence[str]) -> dict[str, list[str]]:
        """Write candidates into the parts' folders; secrets are read where they are."""
        changes = {}
        for name in parts or self.parts:
            folder = self.layout.etc / name
            files = self.parts[name].files
            if files:
                below = {path.relative_to(folder).as_posix(): files[path] for path in files}
                changes[name] = write_candidate(folder, below)
        return changes

    def take(self, parts: Sequence[str]) -> None:
        """Put candidates in place."""
        for name in parts:
            take_candidate(self.layout.etc / name)

    def put_back(self, parts: Sequence[str]) -> None:
        """Undo `take`."""
        for name in parts:
            put_back(self.layout.etc / name)

    def clear(self) -> None:
        """Forget all candidates."""
        for name in self.parts:
            clear_candidate(self.layout.etc / name)

    def running(self) -> frozenset[str]:
        """Return the parts whose process is there."""
        infos = Supervisor(self.layout).processes()
        return frozenset(name for name, info in infos.items() if info.is_up)

    def outdated(self) -> frozenset[str]:
        """Return the parts that were started with other arguments or another environment."""
        before = {part.name: part.program for part in self.record.parts}
        now = {name: part.record.program for name, part in self.parts.items()}
        return frozenset(name for name in now if before.get(name, now[name]) != now[name])

    def checkable(self) -> frozenset[str]:
        """Return all: programs are here whether their parts run or not."""
        return frozenset(self.parts)

    def arguments(self, part: str) -> Sequence[str]:
        """Return the part's arguments, without its program."""
        return self.parts[part].program.arguments[1:]

    def folder(self, part: str) -> str:
        """Return the folder of the part's files."""
        return str(self.layout.etc / part)

    def execute(self, part: str, command: Sequence[str], _user: str | None) -> Output:
        """Run a program in the part's environment, as its user."""
        words = [self._find(part, Path(command[0]).name), *command[1:]]
        # A pipe of root's could not be opened by its path, as nginx does.
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            try:
                code = self._run(words, self.parts[part].program, output)
            except subprocess.TimeoutExpired:
                return Output(is_success=False, text=f"no answer within {_CHECK_SECONDS} s")
            output.seek(0)
            return Output(code == 0, output.read())

    def _run(self, words: Sequence[str], program: SupervisedProgram, output: IO[str]) -> int:
        user = program.user
        if user is not None:
            os.fchown(output.fileno(), user.uid, user.gid)
        # Its program may be where only root gets.
        as_user = user.command(Path("/")) if user else ()
        return subprocess.run(
            [*as_user, *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=_CHECK_SECONDS,
            cwd="/",
            env=dict(program.environment),
        ).returncode

    def signal(self, part: str) -> None:
        """Send SIGHUP to the part's main process."""
        try:
            os.kill(main_process_id(self.layout, part), signal.SIGHUP)
        except ProcessLookupError:
            raise StackError(f"{part} has ended") from None

    def restart(self, part: str) -> None:
        """Restart the part and wait until it is healthy."""
        self.restarts(part)

    def get(self, part: str, path: str) -> str:
        """Return what the part answers at its main port."""
        login = f"{machine_login(self.layout.secrets)}@" if part in LOCKED else ""
        with HttpClient(part, f"http://{login}{self.addresses.local(part)}") as client:
            try:
                return client.request("GET", path).text
            except NoAnswer as error:
                raise StackError(str(error)) from error

    def workers(self, part: str) -> frozenset[int]:
        """Return the children of the part's main process."""
        try:
            children = psutil.Process(main_process_id(self.layout, part)).children()
        except psutil.NoSuchProcess:
            return frozenset()
        return frozenset(child.pid for child in children)

    def log_mark(self, part: str) -> str:
        """Return the length of the part's log."""
        path = self.layout.log(part)
        return str(path.stat().st_size if path.exists() else 0)

    def log_since(self, part: str, mark: str) -> list[str]:
        """Return the lines after a length; of a log that is rotated since, all of them."""
        path = self.layout.log(part)
        if not path.exists():
            return []
        with path.open("rb") as file:
            file.seek(int(mark) if int(mark) <= path.stat().st_size else 0)
            return file.read().decode(errors="replace").splitlines()

    def _find(self, part: str, name: str) -> str:
        own = self.parts[part].program.arguments[0]
        program = own if Path(own).name == name else find_system_program(name)
        if program is None:
            raise StackError(f"{part}: {name} is not installed, which checks its files")
        return str(program)
