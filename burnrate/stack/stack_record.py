"""The record of the stack that was started: what finding and stopping it needs to know."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from burnrate.stack.layout import Layout

Mode = Literal["containers", "processes"]

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class ProcessIdentity(_Record):
    """A process that cannot be taken for another one, within one boot.

    Attributes:
        start_ticks: When it started, in clock ticks since the boot.
    """

    pid: int
    start_ticks: int


class PartRecord(_Record):
    """What stopping a part needs to know, without a compose file that may have changed.

    Attributes:
        stop_signal: Without its SIG: `TERM`.
        program: The fingerprint of the arguments and the environment it was started with.
        files: The fingerprint of its configuration files, as it loaded them.
        base: The fingerprint of what it keeps while its program is renewed; empty for a part that
            cannot be.
    """

    name: str
    depends_on: tuple[str, ...]
    stop_signal: str
    grace_seconds: float
    program: str = ""
    files: str = ""
    base: str = ""

    def can_be_renewed_from(self, before: "PartRecord") -> bool:
        """Return whether what runs as `before` can become this without an end."""
        return self.base != "" and (self.base, self.files) == (before.base, before.files)

    @property
    def fingerprints(self) -> tuple[str, str]:
        """All that would make a restart differ."""
        return self.program, self.files


class StackRecord(_Record):
    """The stack that was started.

    Attributes:
        supervisor: None for containers, and while the supervisor has not started yet.
        parts: Of plain processes; of containers their engine knows.
        ports: Where plain processes listen, by variable.
    """

    mode: Mode
    boot_id: str
    supervisor: ProcessIdentity | None = None
    parts: tuple[PartRecord, ...] = ()
    ports: dict[str, int] = {}

    @property
    def part_names(self) -> list[str]:
        """The names of the recorded parts."""
        return [part.name for part in self.parts]

    def part(self, name: str) -> PartRecord | None:
        """Return a recorded part."""
        return next((part for part in self.parts if part.name == name), None)

    def has_moved(self, ports: Mapping[str, int]) -> bool:
        """Return whether something listens elsewhere than `ports` say; more or less may listen."""
        return any(self.ports.get(variable, port) != port for variable, port in ports.items())

    def with_parts(self, parts: Iterable[PartRecord]) -> Self:
        """Return the record with `parts` added, or in place of those of the same names."""
        known = {part.name: part for part in (*self.parts, *parts)}
        return self.model_copy(update={"parts": tuple(known.values())})

    def restricted_to(self, names: Iterable[str]) -> Self:
        """Return the record with those of its parts that are in `names`."""
        kept = set(names)
        return self.model_copy(update={"parts": tuple(p for p in self.parts if p.name in kept)})

    def stop_order(self) -> list[list[PartRecord]]:
        """Return groups of parts that may stop together, in order: no part before its dependents.

        Parts that depend on one another in a circle stop together.
        """
        left = {part.name: part for part in self.parts}
        order = []
        while left:
            needed = {name for part in left.values() for name in part.depends_on}
            level = [p for name, p in left.items() if name not in needed] or list(left.values())
            order.append(level)
            for part in level:
                del left[part.name]
        return order


def new_record(mode: Mode, ports: Mapping[str, int] | None = None) -> StackRecord:
    """Return the record of a stack that is about to start, in this boot.

    Args:
        mode: How its parts run.
        ports: Where processes will listen, by variable.
    """
    return StackRecord(mode=mode, boot_id=_boot_id(), ports=dict(ports or {}))


def read_record(layout: Layout) -> StackRecord | None:
    """Return the record of the started stack; None if there is none, or none any more."""
    try:
        text = _file(layout).read_text(encoding="utf-8")
        record = StackRecord.model_validate_json(text)
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None
    # Processes end with the boot; containers come back with their engine.
    return None if record.mode == "processes" and record.boot_id != _boot_id() else record


def write_record(layout: Layout, record: StackRecord) -> None:
    """Write the record; a reader sees the old one or the new one, never a part of it."""
    path = _file(layout)
    temporary = path.with_suffix(".new")
    temporary.write_text(record.model_dump_json(indent=1), encoding="utf-8")
    temporary.replace(path)


def forget_record(layout: Layout) -> None:
    """Remove the record: nothing runs any more."""
    _file(layout).unlink(missing_ok=True)


def _file(layout: Layout) -> Path:
    return layout.run / "stack.json"


def _boot_id() -> str:
    return _BOOT_ID.read_text(encoding="ascii").strip() if _BOOT_ID.exists() else ""
