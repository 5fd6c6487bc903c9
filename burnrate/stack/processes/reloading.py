"""Reloads of plain processes, and what is recorded of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from burnrate.stack.addresses import AddressMap
from burnrate.stack.layout import Layout
from burnrate.stack.processes.files import written_if_it_starts
from burnrate.stack.processes.host import ProcessHost
from burnrate.stack.processes.rendering import RenderedPart
from burnrate.stack.reload import Reload
from burnrate.stack.stack_record import StackRecord, write_record

Parts = Mapping[str, RenderedPart]


@dataclass(frozen=True)
class ProcessReload:
    """Reloads parts of a running stack; the caller has its lock.

    Attributes:
        restart: Restarts a part whose files are in place, and waits until it is healthy.
        say: Takes a line for people.
    """

    layout: Layout
    addresses: AddressMap
    restart: Callable[[RenderedPart], None]
    say: Callable[[str], None]

    def run(self, parts: Parts, record: StackRecord, *, is_forced: bool = True) -> StackRecord:
        """Have `parts` load their files; returns the record of the stack as it is then.

        Raises:
            StackError: a part refuses its files; all is as it was.
        """
        host = self._host(parts, record)
        try:
            changed = Reload(host, self.say).run(is_forced=is_forced)
        finally:
            host.clear()
        before = {part.name: part.program for part in record.parts}
        # Its arguments are those that it was started with.
        loaded = (
            parts[name].record.model_copy(update={"program": before[name]}) for name in changed
        )
        record = record.with_parts(loaded)
        write_record(self.layout, record)
        return record

    def check(self, parts: Parts, record: StackRecord) -> None:
        """Raise StackError if one of `parts` would refuse its files."""
        host = self._host(parts, record)
        try:
            Reload(host, self.say).check()
        finally:
            host.clear()

    def can_renew(self, part: RenderedPart, record: StackRecord) -> bool:
        """Return whether a part can have its code and settings of now without a gap."""
        before = record.part(part.name)
        return before is not None and part.record.can_be_renewed_from(before)

    def renew(self, part: RenderedPart, record: StackRecord) -> StackRecord | None:
        """Restart a part with its code and settings of now, without a gap.

        Returns:
            The record of the stack as it is then; None where that is not possible.

        Raises:
            StackError: the new program would not start; the old one serves on.
        """
        if not self.can_renew(part, record):
            return None
        with written_if_it_starts(self.layout, part):
            if not Reload(self._host({part.name: part}, record), self.say).renew(part.name):
                return None
        record = record.with_parts([part.record])
        write_record(self.layout, record)
        return record

    def run_where_nothing_else_changed(self, parts: Parts, record: StackRecord) -> StackRecord:
        """Have those of `parts` load changed files that need no restart; check those of all.

        Returns:
            The record of the stack as it is then.

        Raises:
            StackError: a part refuses its files; all is as it was.
        """
        before = {part.name: part for part in record.parts}
        changed = {
            name: part
            for name, part in parts.items()
            if name in before and part.record.fingerprints != before[name].fingerprints
        }
        # With a port that moves, parts find each other only when all are started anew.
        have_moved = record.has_moved(self.addresses.by_variable())
        loading = {
            name: part
            for name, part in changed.items()
            if not have_moved and part.record.program == before[name].program
        }
        self.check({n: p for n, p in changed.items() if n not in loading}, record)
        return self.run(loading, record, is_forced=False)

    def _host(self, parts: Parts, record: StackRecord) -> ProcessHost:
        def restart(name: str) -> None:
            self.restart(parts[name])

        return ProcessHost(self.layout, self.addresses, parts, record, restart)
