"""Finds the stack that runs, and parts of it; although its record cannot be read, by what runs.

A record that a full disk or an editor has damaged, or that somebody removed, must not make `down`
say that nothing is running while everything is.
"""

import configparser
from collections.abc import Iterator
from typing import Final

from burnrate.stack.addresses import MANIFOLD, kind_of
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout
from burnrate.stack.processes.supervision import Supervisor, configuration_file, members
from burnrate.stack.stack_record import PartRecord, StackRecord, new_record, read_record

_PROGRAM: Final = "program:"
# Docker's, for a part that the supervisor's own file says nothing about.
_STOP_SIGNAL: Final = "TERM"
_GRACE_SECONDS: Final = 10.0


def find_record(layout: Layout) -> StackRecord | None:
    """Return the record of the started stack, made anew if need be; None if nothing of it lives.

    A new one knows no order, so all parts stop at once, and no fingerprints, so the next `up`
    restarts them.
    """
    record = read_record(layout)
    return _recovered(layout) if record is None else record


def named_parts(part: str, record: StackRecord) -> list[str]:
    """Return the parts that a name means: `api` all instances, `api-1` the first of them.

    Raises:
        StackError: no part of the running stack has the name.
    """
    if part == f"{MANIFOLD}-1":
        return [MANIFOLD]
    if found := [name for name in record.part_names if part in {name, kind_of(name)}]:
        return found
    names = ", ".join(record.part_names)
    raise StackError(f"{part!r} is not a part of the running stack: {names}")


def _recovered(layout: Layout) -> StackRecord | None:
    if not layout.run.is_dir():
        return None
    parts = {part.name: part for part in _supervised(layout)}
    for leader in layout.run.glob("*/leader"):
        name = leader.parent.name
        parts.setdefault(name, _part(name, _STOP_SIGNAL, _GRACE_SECONDS))
    supervisor = Supervisor(layout).identity()
    if supervisor is None and not any(members(layout, name) for name in parts):
        return None
    record = new_record("processes").with_parts(parts.values())
    return record.model_copy(update={"supervisor": supervisor})


def _supervised(layout: Layout) -> Iterator[PartRecord]:
    config = configparser.RawConfigParser()
    try:
        config.read(configuration_file(layout), encoding="utf-8")
        for section in config.sections():
            if section.startswith(_PROGRAM):
                signal = config.get(section, "stopsignal", fallback=_STOP_SIGNAL)
                grace = config.getfloat(section, "stopwaitsecs", fallback=_GRACE_SECONDS)
                yield _part(section.removeprefix(_PROGRAM), signal, grace)
    except (configparser.Error, UnicodeDecodeError, ValueError):
        return  # damaged as well


def _part(name: str, stop_signal: str, grace_seconds: float) -> PartRecord:
    return PartRecord(
        name=name, depends_on=(), stop_signal=stop_signal, grace_seconds=grace_seconds
    )
