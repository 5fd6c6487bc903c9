"""The stack as plain processes: up, down, and one part at a time."""

import fcntl
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

from burnrate.console import uninterrupted
from burnrate.stack.addresses import LOCKED, AddressMap, kind_of
from burnrate.stack.compose import Compose
from burnrate.stack.data import record_data_mode
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout
from burnrate.stack.logs import print_logs
from burnrate.stack.ports import check_ports
from burnrate.stack.processes.files import write_configuration, write_part
from burnrate.stack.processes.inventory import take_inventory
from burnrate.stack.processes.postgres import cluster_of
from burnrate.stack.processes.preparation import Preparation, hand_over
from burnrate.stack.processes.recovery import find_record, named_parts
from burnrate.stack.processes.reloading import ProcessReload
from burnrate.stack.processes.rendering import RenderedPart
from burnrate.stack.processes.shutdown import end_stack, find_supervisor
from burnrate.stack.processes.startup import Startup
from burnrate.stack.processes.status import Observer
from burnrate.stack.processes.supervision import Supervisor, start_supervisor
from burnrate.stack.protocol import Verb
from burnrate.stack.secrets import change_people, machine_login, read_secret
from burnrate.stack.stack_record import Mode, StackRecord, new_record, write_record
from burnrate.stack.status import PartStatus

_NOT_RUNNING = "the stack is not running: make up"


@dataclass(frozen=True)
class ProcessStack:
    """One checkout's stack on this machine.

    Attributes:
        settings: The user's.
        say: Takes a line for people.
        start_timeout_seconds: How long each part may take to become healthy.
    """

    layout: Layout
    compose: Compose
    addresses: AddressMap
    settings: Mapping[str, str]
    say: Callable[[str], None]
    start_timeout_seconds: float = 60.0
    mode: ClassVar[Mode] = "processes"

    def up(self) -> None:
        """Start what does not run, reload or restart what changed; a failure leaves nothing."""
        self._preparation.make_state()
        record_data_mode(self.layout, self.mode)
        with self._lock():
            inventory = take_inventory(self.layout, self.compose)
            inventory.check()
            parts = self._preparation.parts(inventory)
            record = self._supervised_record()
            if record is None:
                self._start_all(parts)
            else:
                self._update(parts, record)
        for missing in inventory.missing:
            if missing.is_worth_saying:
                self.say(f"{missing.name} {missing.reason}")
        if problem := self._preparation.users.problem:
            self.say(f"api and inbox run as root: another user cannot run them here ({problem})")

    def down(self) -> bool:
        """Stop what was started, dependents first; returns whether there was anything."""
        if not self.layout.run.is_dir():
            return False
        with self._lock():
            record = find_record(self.layout)
            if record is None:
                return False
            end_stack(self.layout, record, self.say)
        return True

    def start(self, part: str) -> None:
        """Start one part and wait until it is healthy."""
        with self._lock():
            names = named_parts(part, self._running_record())
            infos = Supervisor(self.layout).processes()
            check_ports(self.addresses, [name for name in names if not infos[name].is_up])
            self._start({name: self._preparation.part(name) for name in names})

    def stop(self, part: str) -> None:
        """Stop one part; it stays stopped until it is started again."""
        with self._lock():
            for name in named_parts(part, self._running_record()):
                self._stop(name)

    def restart(self, part: str) -> None:
        """Stop one part and start it with the configuration as it is now, checked first.

        The service is renewed instead, one instance after the other.
        """
        with self._lock():
            record = self._running_record()
            for name in named_parts(part, record):
                record = self._restart_one(name, record)

    def reload(self, part: str | None) -> None:
        """Have one part, or all, load their files as they are now."""
        with self._lock():
            record = self._running_record()
            named = record.part_names if part is None else named_parts(part, record)
            if record.has_moved(self.addresses.by_variable()):
                raise StackError("ports have moved, and parts would not find each other: make up")
            self._preparation.make_state()
            parts = self._preparation.parts(take_inventory(self.layout, self.compose))
            self._reload().run({name: parts[name] for name in named if name in parts}, record)

    def status(self) -> list[PartStatus]:
        """Return the parts in the compose file's order, each one probed now."""
        return [self._with_login(row) for row in self._observer.rows()]

    def _with_login(self, row: PartStatus) -> PartStatus:
        is_locked = row.part in LOCKED and row.state != "stopped"
        return replace(row, login=machine_login(self.layout.secrets)) if is_locked else row

    def print_logs(self, parts: Sequence[str], lines: int, *, is_followed: bool) -> None:
        """Print what the parts print; raises StackError for a named part without a log."""
        every = [
            name for name in self.compose.parts if not parts or {name, kind_of(name)} & {*parts}
        ]
        paths = {name: self.layout.log(name) for name in dict.fromkeys((*every, *parts))}
        for name in parts:
            if not paths[name].exists():
                raise StackError(f"no log of {name!r}: {paths[name]} does not exist")
        print_logs(paths, lines, is_followed=is_followed)

    def secret(self, name: str) -> str:
        """Return one of the door's secrets."""
        return read_secret(self.layout.secrets, name)

    def change_people(self, verb: Verb, name: str) -> None:
        """Let somebody more come in at the door, or nobody of that name any more."""
        with self._lock():
            self._running_record()
            change_people(self.layout.secrets, verb, name)
        self.reload("door")

    @property
    def _observer(self) -> Observer:
        return Observer(self.layout, self.compose, self.addresses)

    @cached_property
    def _preparation(self) -> Preparation:
        return Preparation(self.layout, self.compose, self.addresses, self.settings)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Let one command at a time change the stack."""
        if not self.layout.run.is_dir():
            raise StackError(_NOT_RUNNING)
        with (self.layout.run / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _supervised_record(self) -> StackRecord | None:
        """Return the record of a supervised stack, having cleared one that lost its supervisor."""
        record = find_record(self.layout)
        if record is None or record.mode != self.mode:
            return None
        if find_supervisor(self.layout, record) is not None:
            return record
        self.say("the last run ended without `down`: clearing what it left")
        end_stack(self.layout, record, self.say)
        return None

    def _running_record(self) -> StackRecord:
        record = find_record(self.layout)
        if record is None or find_supervisor(self.layout, record) is None:
            raise StackError(_NOT_RUNNING)
        return record

    def _restart_one(self, part: str, record: StackRecord) -> StackRecord:
        rendered = self._preparation.part(part)
        reload = self._reload()
        reload.check({part: rendered}, record)
        if renewed := reload.renew(rendered, record):
            return renewed
        self._stop(part)
        self._write([rendered])
        record = record.with_parts([rendered.record])
        write_record(self.layout, record)
        self._start({part: rendered})
        return record

    def _start_all(self, parts: Mapping[str, RenderedPart]) -> None:
        check_ports(self.addresses, parts)
        record = new_record(self.mode, self.addresses.by_variable())
        try:
            self._write(parts.values())
            write_configuration(self.layout, parts.values())
            record = record.with_parts(part.record for part in parts.values())
            write_record(self.layout, record)
            identity = start_supervisor(self.layout)
            record = record.model_copy(update={"supervisor": identity})
            write_record(self.layout, record)
            self._start_whole(parts)
        except BaseException:
            with uninterrupted(self.say):
                end_stack(self.layout, record, self.say)
            raise

    def _update(self, parts: Mapping[str, RenderedPart], record: StackRecord) -> None:
        reload, supervisor = self._reload(), Supervisor(self.layout)
        record = self._add_instances(parts, record)
        record = reload.run_where_nothing_else_changed(parts, record)
        before = {part.name: part.fingerprints for part in record.parts}
        changed = [p for name, p in parts.items() if before.get(name) != p.record.fingerprints]
        stays = not record.has_moved(self.addresses.by_variable())
        renewed = [p for p in changed if stays and reload.can_renew(p, record)]
        changed = [part for part in changed if part not in renewed]
        supervisor.stop([part.name for part in changed if part.name in before])
        self._write(changed)
        if write_configuration(self.layout, parts.values()):
            supervisor.update()
        record = record.restricted_to(parts).with_parts(part.record for part in changed)
        record = record.model_copy(update={"ports": self.addresses.by_variable()})
        write_record(self.layout, record)
        up = {name for name, info in supervisor.processes().items() if info.is_up}
        check_ports(self.addresses, [name for name in parts if name not in up])
        self._start_whole(parts, already=up)
        for part in renewed:
            record = reload.renew(part, record) or self._restart_one(part.name, record)

    def _add_instances(self, parts: Mapping[str, RenderedPart], record: StackRecord) -> StackRecord:
        """Start further instances before anybody is sent to them."""
        added = {n: p for n, p in parts.items() if kind_of(n) != n and n not in record.part_names}
        if added:
            check_ports(self.addresses, added)
            self._write(added.values())
            record = record.with_parts(part.record for part in added.values())
            write_record(self.layout, record)
            if write_configuration(self.layout, parts.values()):
                Supervisor(self.layout).update()
            self._start(added)
        return record

    def _reload(self) -> ProcessReload:
        def restart(part: RenderedPart) -> None:
            self._stop(part.name)
            self._start({part.name: part})

        return ProcessReload(self.layout, self.addresses, restart, self.say)

    def _stop(self, part: str) -> None:
        self.say(f"stopping {part}")
        Supervisor(self.layout).stop([part])

    def _write(self, parts: Iterable[RenderedPart]) -> None:
        for part in parts:
            write_part(self.layout, part)
            if part.name == "postgres":
                cluster_of(part, self.layout, self.addresses).create()

    def _start_whole(
        self, parts: Mapping[str, RenderedPart], already: Collection[str] = ()
    ) -> None:
        """Start all parts; one that is optional does not decide over the rest."""
        services = self.compose.services
        optional = {name: cost for name in parts if (cost := services[name].optional)}
        self._start(parts, already, optional)

    def _start(
        self,
        parts: Mapping[str, RenderedPart],
        already: Collection[str] = (),
        optional: Mapping[str, str] | None = None,
    ) -> None:
        for name, part in parts.items():
            if name not in already:
                hand_over(part)
        startup = Startup(
            supervisor=Supervisor(self.layout),
            check=self._observer.check_health,
            when_healthy=lambda name: self._set_up(parts[name]),
            log=self.layout.log,
            say=self.say,
            timeout_seconds=self.start_timeout_seconds,
            optional=optional or {},
        )
        for name, seconds in startup.run({name: part.depends_on for name, part in parts.items()}):
            if name not in already:
                self.say(f"{name}: healthy after {seconds:.1f} s")

    def _set_up(self, part: RenderedPart) -> None:
        if part.name == "postgres":
            cluster_of(part, self.layout, self.addresses).set_up()
