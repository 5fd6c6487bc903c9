"""A place where parts run, of plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from burnrate.stack.errors import StackError
from burnrate.stack.reload import Output


@dataclass
class FakeHost:
    """Notes what is done.

    Attributes:
        changes: What a candidate changes, by part.
        refusals: What a check prints, by part; others pass.
        refuses_to_load: The parts that go on with what they have.
        unhealthy: The parts that do not come back from a restart with new files.
    """

    changes: Mapping[str, Sequence[str]]
    refusals: dict[str, str] = field(default_factory=dict)
    refuses_to_load: set[str] = field(default_factory=set)
    unhealthy: set[str] = field(default_factory=set)
    stopped: set[str] = field(default_factory=set)
    changed_arguments: frozenset[str] = frozenset()
    logs: dict[str, list[str]] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    commands: dict[str, list[str]] = field(default_factory=dict)
    in_place: set[str] = field(default_factory=set)
    loads: dict[str, int] = field(default_factory=dict)
    last_load_ok: dict[str, int] = field(default_factory=dict)

    def stage(self, parts: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return the changes."""
        return {part: names for part, names in self.changes.items() if not parts or part in parts}

    def take(self, parts: Sequence[str]) -> None:
        """Note them."""
        self.in_place |= set(parts)

    def put_back(self, parts: Sequence[str]) -> None:
        """Note that too."""
        self.in_place -= set(parts)

    def running(self) -> frozenset[str]:
        """Return what is not stopped."""
        return frozenset(self.changes) - self.stopped

    def checkable(self) -> frozenset[str]:
        """Return what runs."""
        return self.running()

    def outdated(self) -> frozenset[str]:
        """Return what was said."""
        return self.changed_arguments

    def arguments(self, part: str) -> Sequence[str]:
        """Return the same for all."""
        return ["-c", f"{self.folder(part)}/main.conf", "port=1"]

    def folder(self, _part: str) -> str:
        """Return the same for all."""
        return "/etc/burnrate"

    def execute(self, part: str, command: Sequence[str], _user: str | None) -> Output:
        """Note the command; print the refusal, if there is one."""
        self.commands[part] = list(command)
        return Output(part not in self.refusals, self.refusals.get(part, ""))

    def signal(self, part: str) -> None:
        """Load, or refuse to."""
        self.done.append(f"signal {part}")
        is_ok = part not in self.refuses_to_load or part not in self.in_place
        self.last_load_ok[part] = int(is_ok)
        if is_ok:
            self.loads[part] = self.loads.get(part, 0) + 1

    def restart(self, part: str) -> None:
        """Note it, and fail if that was asked for."""
        self.done.append(f"restart {part}")
        if part in self.unhealthy and part in self.in_place:
            raise StackError(f"{part} is not healthy")

    def get(self, part: str, _path: str) -> str:
        """Return the two metrics of a part that has them."""
        prefix = {"alloy": "alloy_config_last_load"}.get(part, f"{part}_config_last_reload")
        is_ok, loads = self.last_load_ok.get(part, 1), self.loads.get(part, 0)
        return f"{prefix}_successful {is_ok}\n{prefix}_success_timestamp_seconds {loads}\n"

    def workers(self, part: str) -> frozenset[int]:
        """Return one that each load replaces."""
        return frozenset({100 + self.loads.get(part, 0)})

    def log_mark(self, _part: str) -> str:
        """Return the beginning."""
        return "0"

    def log_since(self, part: str, _mark: str) -> list[str]:
        """Return all lines."""
        said = ["LOG:  received SIGHUP, reloading configuration files"] * self.loads.get(part, 0)
        return [*said, *self.logs.get(part, [])]
