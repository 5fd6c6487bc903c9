"""What a stack can do, however its parts run."""

from collections.abc import Sequence
from typing import Literal, Protocol

from burnrate.stack.layout import Layout
from burnrate.stack.stack_record import Mode
from burnrate.stack.status import PartStatus

Verb = Literal["add", "remove"]


class Stack(Protocol):
    """One checkout's stack; its methods raise StackError with a reason that people can act on."""

    @property
    def mode(self) -> Mode:
        """How its parts run."""

    @property
    def layout(self) -> Layout:
        """Where its files are."""

    def up(self) -> None:
        """Start what does not run, reload or restart what changed, wait until all is healthy.

        What this call has started is stopped again if it fails or is interrupted.
        """

    def down(self) -> bool:
        """Stop what was started, data stays; returns whether there was anything."""

    def start(self, part: str) -> None:
        """Start one part of the running stack and wait until it is healthy."""

    def stop(self, part: str) -> None:
        """Stop one part of the running stack; it stays stopped until it is started."""

    def restart(self, part: str) -> None:
        """Restart one part with its configuration as it is now, and wait until it is healthy."""

    def reload(self, part: str | None) -> None:
        """Have one part, or all, read their files as they are now; says what changed.

        What a part refuses changes nothing: StackError has its reason.
        """

    def status(self) -> list[PartStatus]:
        """Return each part's state and health, asked now, in the compose file's order."""

    def secret(self, name: str) -> str:
        """Return one of the secrets that the door has."""

    def change_people(self, verb: Verb, name: str) -> None:
        """Let somebody more come in at the door, or nobody of that name any more."""

    def print_logs(self, parts: Sequence[str], lines: int, *, is_followed: bool) -> None:
        """Print what parts printed.

        Args:
            parts: Their names; none for all.
            lines: How many of each part's last lines.
            is_followed: Whether to go on with new lines, until an interrupt.
        """
