"""The stack as plain processes: up, down, and one part at a time."""

import fcntl
import signal
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from burnrate.stack import records
from burnrate.stack.addresses import AddressMap
from burnrate.stack.compose.model import Compose
from burnrate.stack.errors import StackError
from burnrate.stack.initialise import make_state
from burnrate.stack.layout import Layout, make_directory, remove_socket
from burnrate.stack.processes.ports import check_ports
from burnrate.stack.processes.postgres import Cluster
from burnrate.stack.processes.probes import Health, Surroundings
from burnrate.stack.processes.rendering import Plan, PlannedPart, make_plan
from burnrate.stack.processes.startup import Startup
from burnrate.stack.processes.supervisor import (
    ProcessInfo,
    Supervisor,
    configuration,
    start_script,
    start_supervisor,
)
from burnrate.stack.render import renderer as render

_SUPERVISOR_SECONDS = 15.0
_NOT_RUNNING = "the stack is not running: make up"


@dataclass(frozen=True)
class ProcessStack:
    """One checkout's stack on this machine."""

    layout: Layout
    compose: Compose
    addresses: AddressMap
    say: Callable[[str], None]
    start_timeout_seconds: float = 60.0
    _supervisor: Supervisor = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_supervisor", Supervisor(self.layout))

    def plan(self) -> Plan:
        """Return what would run here."""
        return make_plan(self.layout, self.compose, self.addresses)

    def up(self) -> Plan:
        """Start what does not run and restart what changed; a failed start leaves nothing."""
        make_state(self.layout, self.compose, self.addresses)
        with self._lock():
            plan = self.plan()
            for missing in plan.missing:
                if not missing.is_optional:
                    raise StackError(f"{missing.name} {missing.reason}")
            running = self._running()
            if running is None:
                self._start_all(plan)
            else:
                self._update(plan, running)
        return plan

    def down(self) -> bool:
        """Stop what was started, dependents first; returns whether there was anything."""
        if not self.layout.run.is_dir():
            return False
        with self._lock():
            running = records.read_running(self.layout)
            if running is None:
                return False
            self._end(running)
        return True

    def start(self, name: str) -> None:
        """Start one part and wait until it is healthy."""
        with self._lock():
            planned = self._of_running(name)
            if not self._supervisor.processes()[name].is_up:
                check_ports(self.addresses, [name])
            self._start({name: planned})

    def stop(self, name: str) -> None:
        """Stop one part; it stays stopped until it is started again."""
        with self._lock():
            self._of_running(name)
            self._supervisor.stop([name])

    def restart(self, name: str) -> None:
        """Stop one part and start it with the configuration as it is now."""
        with self._lock():
            planned = self._of_running(name)
            self._supervisor.stop([name])
            self._write([planned])
            self._record(self._required_running(), [planned])
            self._start({name: planned})

    def processes(self) -> Mapping[str, ProcessInfo]:
        """Return what supervisord says of each part; nothing where it does not run."""
        running = records.read_running(self.layout)
        if running is None or self._find_supervisor(running) is None:
            return {}
        return self._supervisor.processes()

    def leftovers(self) -> set[str]:
        """Return the parts that live on without their supervisor."""
        running = records.read_running(self.layout)
        if running is None or self._find_supervisor(running) is not None:
            return set()
        return {p.name for p in running.parts if records.members(self.layout, p.name)}

    def check(self, parts: Iterable[PlannedPart]) -> dict[str, Health]:
        """Probe parts, all at once."""
        surroundings = Surroundings(self.addresses, self.layout.secrets)
        found = list(parts)
        with ThreadPoolExecutor(max_workers=max(1, len(found))) as pool:
            results = pool.map(lambda p: p.part.probe.check(p.name, surroundings), found)
            return {part.name: health for part, health in zip(found, results, strict=True)}

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Let one command at a time change the stack."""
        if not self.layout.run.is_dir():
            raise StackError(_NOT_RUNNING)
        with (self.layout.run / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _running(self) -> records.Running | None:
        """Return the record of a supervised stack, having cleared one that lost its supervisor."""
        running = records.read_running(self.layout)
        if running is None or running.mode != "processes":
            return None
        if self._find_supervisor(running) is not None:
            return running
        self.say("the last run ended without `down`: clearing what it left")
        self._end(running)
        return None

    def _required_running(self) -> records.Running:
        running = records.read_running(self.layout)
        if running is None or self._find_supervisor(running) is None:
            raise StackError(_NOT_RUNNING)
        return running

    def _of_running(self, name: str) -> PlannedPart:
        running = self._required_running()
        names = [part.name for part in running.parts]
        planned = self.plan().parts.get(name)
        if name not in names or planned is None:
            raise StackError(f"{name!r} is no part of the running stack: {', '.join(names)}")
        return planned

    def _find_supervisor(self, running: records.Running) -> records.Identity | None:
        if running.supervisor is not None:
            return running.supervisor if records.is_alive(running.supervisor) else None
        # Its start was interrupted before the record was complete.
        pid_file = self.layout.run / "supervisord.pid"
        if self._supervisor.is_answering() and pid_file.exists():
            return records.identify(int(pid_file.read_text(encoding="ascii")))
        return None

    def _start_all(self, plan: Plan) -> None:
        check_ports(self.addresses, plan.parts)
        running = records.Running(mode="processes", boot_id=records.boot_id())
        try:
            self._write(plan.parts.values())
            self._write_configuration(plan)
            running = self._record(running, plan.parts.values())
            identity = start_supervisor(self.layout)
            running = running.model_copy(update={"supervisor": identity})
            records.write_running(self.layout, running)
            self._start(plan.parts)
        except BaseException:
            self._end(running)
            raise

    def _update(self, plan: Plan, running: records.Running) -> None:
        before = {part.name: part.digest for part in running.parts}
        changed = [part for name, part in plan.parts.items() if before.get(name) != part.digest]
        self._supervisor.stop([part.name for part in changed if part.name in before])
        self._write(changed)
        if self._write_configuration(plan):
            self._supervisor.update()
        kept = [part for part in running.parts if part.name in plan.parts]
        running = running.model_copy(update={"parts": tuple(kept)})
        self._record(running, changed)
        up = {name for name, info in self._supervisor.processes().items() if info.is_up}
        check_ports(self.addresses, [name for name in plan.parts if name not in up])
        self._start(plan.parts, already=up)

    def _write(self, parts: Iterable[PlannedPart]) -> None:
        for part in parts:
            directory = self.layout.run / part.name
            make_directory(directory, 0o711)
            render.write_files(self.layout.etc / part.name, part.files)
            script = start_script(part, records.leader_file(self.layout, part.name))
            path = self.layout.run / f"{part.name}.sh"
            path.write_text(script, encoding="utf-8")
            path.chmod(0o644)
            if part.name == "postgres":
                self._cluster(part).create()

    def _write_configuration(self, plan: Plan) -> bool:
        """Write supervisord.conf; returns whether that changed it."""
        path = self.layout.run / "supervisord.conf"
        text = configuration(self.layout, plan.parts.values())
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return False
        path.write_text(text, encoding="utf-8")
        return True

    def _record(self, running: records.Running, parts: Iterable[PlannedPart]) -> records.Running:
        """Record `parts` beside those that are recorded already."""
        known = {part.name: part for part in running.parts}
        for part in parts:
            known[part.name] = records.StartedPart(
                name=part.name,
                depends_on=part.depends_on,
                stop_signal=part.stop_signal,
                grace_seconds=part.grace_seconds,
                digest=part.digest,
            )
        running = running.model_copy(update={"parts": tuple(known.values())})
        records.write_running(self.layout, running)
        return running

    def _start(self, parts: Mapping[str, PlannedPart], already: Collection[str] = ()) -> None:
        startup = Startup(
            supervisor=self._supervisor,
            check=self.check,
            when_healthy=self._when_healthy,
            log=self.layout.log,
            timeout_seconds=self.start_timeout_seconds,
        )
        for name, seconds in startup.run(parts):
            if name not in already:
                self.say(f"{name}: healthy after {seconds:.1f} s")

    def _when_healthy(self, part: PlannedPart) -> None:
        if part.name == "postgres":
            self._cluster(part).set_up()

    def _cluster(self, part: PlannedPart) -> Cluster:
        service = self.compose.services[part.name]
        return Cluster(self.layout, service, part, self.addresses.port(part.name))

    def _end(self, running: records.Running) -> None:
        identity = self._find_supervisor(running)
        order = records.stop_order(running.parts)
        if identity is not None:
            try:
                for level in order:
                    self._supervisor.stop(part.name for part in level)
                self._supervisor.shut_down()
            except (OSError, StackError):
                self.say("supervisord does not answer: ending its processes one by one")
            if not records.end_process(
                identity, signal.SIGTERM, timeout_seconds=_SUPERVISOR_SECONDS
            ):
                records.end_process(identity, signal.SIGKILL, timeout_seconds=_SUPERVISOR_SECONDS)
        for level in order:
            for part in level:
                records.end_part(self.layout, part)
        remove_socket(self.layout)
        (self.layout.run / "supervisord.pid").unlink(missing_ok=True)
        records.forget_running(self.layout)
