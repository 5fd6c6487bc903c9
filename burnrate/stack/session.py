"""What every `burnrate stack` command begins with: the checkout, its settings, and the mode."""

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from burnrate.pinned import PinError, find_repository, laid_together
from burnrate.stack.addresses import AddressMap, instance_names
from burnrate.stack.compose import Compose, load_compose
from burnrate.stack.containers import ContainerStack, engine_problem
from burnrate.stack.data import data_directories, data_mode, wipe
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout, container_layout, find_checkout, process_layout
from burnrate.stack.processes import (
    Packages,
    ProcessStack,
    SystemRunner,
    find_record,
    missing_module_packages,
    missing_packages,
)
from burnrate.stack.protocol import Stack
from burnrate.stack.render import read_configuration, variables_of
from burnrate.stack.settings import read_settings
from burnrate.stack.stack_record import Mode


@dataclass(frozen=True)
class Session:
    """One checkout, seen from one command.

    Attributes:
        containers: The layout of containers: of the checkout alone, their data is in volumes.
        processes: Where processes keep their state; mostly in the checkout.
        settings: The user's, from `.env` and the environment.
        say: Takes a line for people.
    """

    containers: Layout
    processes: Layout
    settings: dict[str, str]
    compose: Compose
    addresses: AddressMap
    say: Callable[[str], None]

    @classmethod
    def open(cls, say: Callable[[str], None]) -> "Session":
        """Read the checkout around the working directory; `say` takes a line for people.

        Raises:
            StackError: there is no checkout, or its compose file or a setting is wrong.
        """
        checkout = find_checkout(Path.cwd())
        containers = container_layout(checkout)
        settings = read_settings(containers.env_file)
        # What is wrong with burnrate.yml is said where it is rendered: a start must fail, and
        # `down` must not.
        with suppress(StackError):
            settings |= variables_of(read_configuration(checkout, settings))
        return cls(
            containers=containers,
            processes=process_layout(checkout, settings, os.geteuid()),
            settings=settings,
            compose=load_compose(containers.compose_file, settings),
            addresses=AddressMap.from_environment(settings),
            say=say,
        )

    @classmethod
    def open_current(cls, say: Callable[[str], None]) -> "Session":
        """The same, with a team's files as they are now: for what loads or changes them.

        Raises:
            StackError: as `open`, or a team's file is wrong or pins another release.
        """
        if repository := find_repository(Path.cwd()):
            try:
                laid_together(repository)
            except PinError as error:
                raise StackError(str(error)) from error
        return cls.open(say)

    def container_stack(self, start_timeout_seconds: float = 600.0) -> ContainerStack:
        """Return the stack as containers; they have so long to become healthy all together."""
        return ContainerStack(
            self.containers,
            self.compose,
            self.addresses,
            self.settings,
            self.say,
            start_timeout_seconds,
        )

    def process_stack(self, start_timeout_seconds: float = 60.0) -> ProcessStack:
        """Return the stack as processes; each part has so long to become healthy."""
        return ProcessStack(
            self.processes,
            self.compose.with_instances(instance_names(self.settings)),
            self.addresses,
            self.settings,
            self.say,
            start_timeout_seconds,
        )

    def running_mode(self) -> Mode | None:
        """Return the mode of the stack that was started and not stopped."""
        if record := find_record(self.processes):
            return record.mode
        return "containers" if self.container_stack().is_running() else None

    def running_stack(self) -> Stack | None:
        """Return the stack that was started and not stopped."""
        mode = self.running_mode()
        return None if mode is None else self._stack(mode)

    def stack_to_start(self, requested: Mode | None, start_timeout_seconds: float | None) -> Stack:
        """Return the stack that `up` starts, with the programs it needs installed.

        Args:
            requested: The mode that is asked for; None leaves the choice to what runs, to the
                data that is there and to whether an engine answers.
            start_timeout_seconds: How long a start may take; None for the mode's own.

        Raises:
            StackError: the wish cannot be met, or programs are missing and cannot be installed.
        """
        mode = self._choose_mode(requested)
        if mode == "processes":
            self.install()
        return self._stack(mode, start_timeout_seconds)

    def install(self, programs: Sequence[str] = (), *, is_asked: bool = False) -> list[str]:
        """Install the missing packages of the parts, and of programs named as their packages.

        Args:
            programs: The names.
            is_asked: Whether to do so also for modules alone, which the parts can do without.

        Returns:
            The packages that were installed.

        Raises:
            StackError: they cannot be installed here, and by whom they can.
        """
        packages = missing_packages(self.compose)
        packages += [each for each in programs if shutil.which(each) is None]
        modules = missing_module_packages(self.compose) if packages or is_asked else []
        if packages:
            self._install(packages)
            if still := missing_packages(self.compose):
                raise StackError(f"installed, but their programs are not found: {', '.join(still)}")
        if modules:
            # Unasked, a start goes on without them, and says what is missing.
            with nullcontext() if is_asked else suppress(StackError):
                self._install(modules)
        return packages + modules

    def _install(self, packages: Sequence[str]) -> None:
        if os.geteuid() == 0:
            self.say(f"installing {', '.join(packages)}")
        Packages(SystemRunner(), uid=os.geteuid()).install(packages)

    def wipe(self) -> None:
        """Delete what the parts of both modes stored and printed, and the secrets of containers."""
        wipe(self.processes, data_directories(self.processes, self.compose))
        if engine_problem() is None:
            self.container_stack().wipe()

    def _stack(self, mode: Mode, start_timeout_seconds: float | None = None) -> Stack:
        make = self.container_stack if mode == "containers" else self.process_stack
        return make() if start_timeout_seconds is None else make(start_timeout_seconds)

    def _choose_mode(self, requested: Mode | None) -> Mode:
        running = self.running_mode()
        if running is not None and requested not in {None, running}:
            raise StackError(f"the stack runs as {running}: make down first")
        mode = running or requested
        problem = engine_problem() if mode != "processes" else None
        if mode == "containers" and problem:
            raise StackError(f"MODE=containers: {problem}")
        if mode is None:
            mode = self._suitable_mode(problem)
        if mode == "processes" and data_mode(self.processes) == "containers":
            raise StackError(
                f"the data in {self.processes.data} is of containers, whose versions differ: "
                "MODE=containers copies it into volumes, then the folder can be deleted"
            )
        return mode

    def _suitable_mode(self, engine_problem: str | None) -> Mode:
        if engine_problem and data_mode(self.containers) == "containers":
            raise StackError(
                f"the data in {self.containers.data} is of containers: {engine_problem}"
            )
        is_of_processes = data_mode(self.processes) == "processes"
        mode: Mode = "processes" if engine_problem or is_of_processes else "containers"
        if mode == "processes":
            self.say(f"running as processes: {engine_problem or 'its data is of processes'}")
        return mode
