"""What every `burnrate stack` command begins with: the checkout, its settings, and the mode."""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from burnrate.stack import records
from burnrate.stack.addresses import AddressMap
from burnrate.stack.compose.model import Compose, load_compose
from burnrate.stack.containers import ContainerStack, engine_problem
from burnrate.stack.errors import StackError
from burnrate.stack.initialise import (
    container_ids,
    data_directories,
    give_to_containers,
    make_state,
    write_env_file,
)
from burnrate.stack.layout import Layout, container_layout, find_checkout, process_layout
from burnrate.stack.processes.packages import Packages, SystemRunner
from burnrate.stack.processes.rendering import missing_packages
from burnrate.stack.processes.stack import ProcessStack
from burnrate.stack.records import Mode
from burnrate.stack.settings import read_settings
from burnrate.stack.wipe import data_mode, note_data_mode


@dataclass(frozen=True)
class Session:
    """One checkout, seen from one command."""

    containers: Layout
    processes: Layout
    settings: dict[str, str]
    compose: Compose
    addresses: AddressMap
    say: Callable[[str], None]

    @classmethod
    def open(cls, say: Callable[[str], None], *, is_first: bool = False) -> "Session":
        """Read the checkout around the working directory, first writing `.env` if asked."""
        checkout = find_checkout(Path.cwd())
        containers = container_layout(checkout)
        if is_first:
            write_env_file(containers, os.environ)
        filed = read_settings(containers.env_file)
        settings = {**container_ids(filed), **{k: v for k, v in filed.items() if v}}
        return cls(
            containers=containers,
            processes=process_layout(checkout, settings, os.geteuid()),
            settings=settings,
            compose=load_compose(containers.compose_file, settings),
            addresses=AddressMap.from_environment(settings),
            say=say,
        )

    def layout(self, mode: Mode) -> Layout:
        """Return where a mode keeps its state."""
        return self.containers if mode == "containers" else self.processes

    def running_mode(self) -> Mode | None:
        """Return the mode of the stack that was started and not stopped."""
        for layout in (self.containers, self.processes):
            if running := records.read_running(layout):
                return running.mode
        return None

    def choose_mode(self, requested: Mode | None) -> Mode:
        """Return the mode to start in; raises StackError where the wish cannot be met."""
        running = self.running_mode()
        if running is not None and requested not in {None, running}:
            raise StackError(f"the stack runs as {running}: make down first")
        mode = running or requested
        problem = engine_problem() if mode != "processes" else None
        if mode == "containers" and problem:
            raise StackError(f"MODE=containers: {problem}")
        if mode is None:
            mode = data_mode(self.containers) or ("processes" if problem else "containers")
            if mode == "containers" and problem:
                raise StackError(f"the data in {self.containers.data} is of containers: {problem}")
            if mode == "processes":
                self.say(f"running as processes: {problem or 'its data is of processes'}")
        if (made_by := data_mode(self.layout(mode))) not in {None, mode}:
            raise StackError(
                f"the data in {self.layout(mode).data} is of {made_by}, whose versions differ: "
                f"use MODE={made_by}, or delete it: make down WIPE=1"
            )
        return mode

    def prepare(self, mode: Mode) -> None:
        """Create what a mode needs before its start."""
        layout = self.layout(mode)
        make_state(layout, self.compose, self.addresses)
        # `init` may come while processes run, whose data is theirs.
        if mode == "containers" and data_mode(layout) != "processes":
            give_to_containers(layout, self.compose, self.settings)

    def install(self, programs: Sequence[str] = ()) -> list[str]:
        """Install the missing packages of the parts, and of programs named as their packages."""
        packages = missing_packages(self.compose)
        packages += [each for each in programs if shutil.which(each) is None]
        if packages:
            if os.geteuid() == 0:
                self.say(f"installing {', '.join(packages)}")
            Packages(SystemRunner(), uid=os.geteuid()).install(packages)
            if still := missing_packages(self.compose):
                raise StackError(f"installed, but their programs are not found: {', '.join(still)}")
        return packages

    def process_stack(self, start_timeout_seconds: float = 60.0) -> ProcessStack:
        """Return the stack as processes."""
        return ProcessStack(
            self.processes, self.compose, self.addresses, self.say, start_timeout_seconds
        )

    def container_stack(self, start_timeout_seconds: float = 300.0) -> ContainerStack:
        """Return the stack as containers."""
        return ContainerStack(self.containers, self.say, start_timeout_seconds)

    def note_data(self, mode: Mode) -> None:
        """Remember whose data it is."""
        note_data_mode(self.layout(mode), mode)

    def data_directories(self) -> list[Path]:
        """Return the data folders of both modes."""
        found = [data_directories(lay, self.compose) for lay in (self.containers, self.processes)]
        return sorted({path for paths in found for path in paths})
