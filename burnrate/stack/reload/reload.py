"""A reload: candidates are checked, then all are put in place and loaded, or none."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from burnrate.stack.errors import StackError
from burnrate.stack.reload.complaints import complaint, logged_complaint
from burnrate.stack.reload.definitions import reload_of
from burnrate.stack.reload.evidence import Evidence, Refused
from burnrate.stack.reload.host import Host
from burnrate.stack.render import NEXT, shown

# Prometheus reads thousands of rules in a second or two; a machine may be slow.
_LOAD_SECONDS = 30.0
# It is tried, starts beside the old one, and that one's last requests end.
_RENEWAL_SECONDS = 240.0
_POLL_SECONDS = 0.1
# PostgreSQL's words for what it takes over at its next start alone.
_AT_A_RESTART = re.compile(r'parameter "(\w+)" cannot be changed without restarting')

Changes = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Reload:
    """Has parts load their files as they are now; `say` takes a line for people."""

    host: Host
    say: Callable[[str], None]

    def run(self, parts: Sequence[str] = (), *, is_forced: bool = True) -> list[str]:
        """Check the files of `parts` (none: all), put them in place and have them loaded.

        Args:
            parts: Their names.
            is_forced: Whether parts that can load without a restart do so even if no file has
                changed: what is in place may not be what they have loaded.

        Returns:
            The parts whose files changed.

        Raises:
            StackError: a part refuses its files, with its reasons; all is as it was.
        """
        changes = self.check(parts)
        changed = [part for part, names in changes.items() if names]
        self.host.take(changed)
        running = self.host.running()
        tried: list[str] = []
        try:
            for part, names in changes.items():
                if part in running and (names or (is_forced and _can_load(part))):
                    tried.append(part)
                    self._load(part, names)
                elif names:
                    self.say(f"{part}: {shown(names)}: read at its start, it does not run")
        except StackError:
            self._undo(changes, tried)
            raise
        if is_forced:
            self._say_what_is_left(parts, is_quiet=not changed and not tried)
        return changed

    def check(self, parts: Sequence[str] = ()) -> Changes:
        """Write the candidates of `parts` (none: all) and have them checked.

        Returns:
            The names of what changes, by part.

        Raises:
            StackError: a part refuses its candidate, or files cannot be rendered.
        """
        changes = self.host.stage(parts)
        checkable = self.host.checkable()
        refusals = {part: self._refusal(part) for part in changes if part in checkable}
        reasons = [f"{part} refuses its files: {text}" for part, text in refusals.items() if text]
        if reasons:
            raise StackError("; ".join([*reasons, "nothing is changed"]))
        return changes

    def renew(self, part: str) -> bool:
        """Replace a running part's program without a moment in which nobody serves.

        Returns:
            Whether the part can do so.

        Raises:
            StackError: the new program would not start; the old one serves on.
        """
        renewal = reload_of(part).renewal
        if renewal is None or part not in self.host.running():
            return False
        try:
            self._signal_and_wait(part, renewal, _RENEWAL_SECONDS)
        except Refused as refusal:
            reason = logged_complaint([str(refusal)])
            raise StackError(f"{part} serves on as it was: {reason}") from None
        self.say(f"{part}: restarted, one program after the other")
        return True

    def _refusal(self, part: str) -> str | None:
        """Return why the part's program does not take the candidate; None if it does."""
        definition = reload_of(part)
        if not definition.check:
            return None
        folder = self.host.folder(part)
        candidate = f"{folder}/{NEXT}"
        arguments = [a.replace(f"{folder}/", f"{candidate}/") for a in self.host.arguments(part)]
        words: list[str] = []
        for word in definition.check:
            words += arguments if word == "{arguments}" else [word.replace("{next}", candidate)]
        done = self.host.execute(part, words, definition.user)
        text = done.text.replace(f"{candidate}/", "")
        return None if done.is_success else complaint(text.splitlines())

    def _load(self, part: str, names: Sequence[str]) -> None:
        what = f"{part}: {shown(names) or 'nothing changed'}"
        if _is_read_by_itself(part, names):
            self.say(f"{what}: read without a reload")
        elif _can_load(part):
            mark = self.host.log_mark(part)
            self._signal(part, mark)
            self.say(f"{what}: loaded{self._not_loaded(part, mark)}")
        else:
            self.say(f"{what}: restarting, since it reads them at its start alone")
            self.host.restart(part)

    def _not_loaded(self, part: str, mark: str) -> str:
        found = _AT_A_RESTART.findall("\n".join(self.host.log_since(part, mark)))
        # Of an argument it says so each time, whatever the file says.
        given = {word.partition("=")[0] for word in self.host.arguments(part)}
        names = ", ".join(name for name in found if name not in given)
        return f", but for {names}: burnrate stack restart {part}" if names else ""

    def _signal(self, part: str, mark: str) -> None:
        try:
            self._signal_and_wait(part, reload_of(part).evidence, _LOAD_SECONDS)
        except Refused:
            reason = logged_complaint(self.host.log_since(part, mark))
            raise StackError(f"{part} has not loaded its files: {reason}") from None

    def _signal_and_wait(self, part: str, evidence: Evidence | None, seconds: float) -> None:
        if evidence is None:
            return
        before = evidence.before(self.host, part)
        self.host.signal(part)
        deadline = time.monotonic() + seconds
        while not evidence.is_loaded(self.host, part, before):
            if time.monotonic() > deadline:
                raise Refused
            time.sleep(_POLL_SECONDS)

    def _say_what_is_left(self, parts: Sequence[str], *, is_quiet: bool) -> None:
        if is_quiet:
            self.say("nothing changed")
        outdated = self.host.outdated()
        if names := ", ".join(sorted(outdated.intersection(parts) if parts else outdated)):
            self.say(f"{names}: arguments or variables changed: make up restarts with them")

    def _undo(self, changes: Changes, tried: Sequence[str]) -> None:
        self.host.put_back([part for part, names in changes.items() if names])
        for part in tried:
            with suppress(StackError):
                if _can_load(part):
                    self.host.signal(part)
                elif changes[part] and not _is_read_by_itself(part, changes[part]):
                    self.host.restart(part)


def _can_load(part: str) -> bool:
    return reload_of(part).evidence is not None


def _is_read_by_itself(part: str, names: Sequence[str]) -> bool:
    prefixes = reload_of(part).reads_by_itself
    return bool(names) and all(name.startswith(prefixes) for name in names)
