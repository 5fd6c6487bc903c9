"""What a reload needs of the place where the parts run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Output:
    """What a command printed, and whether it succeeded."""

    is_success: bool
    text: str


class Host(Protocol):
    """Containers or processes; its methods raise StackError where they cannot do what they say."""

    def stage(self, parts: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Write candidates for `parts` (none: all) beside what is in use.

        Returns:
            The names of what changes, for each part that has files or secrets.
        """

    def take(self, parts: Sequence[str]) -> None:
        """Put the candidates of `parts` in place."""

    def put_back(self, parts: Sequence[str]) -> None:
        """Put what the candidates took the place of where it was."""

    def running(self) -> frozenset[str]:
        """Return the parts that run."""

    def outdated(self) -> frozenset[str]:
        """Return the parts whose arguments or environment are other ones by now."""

    def checkable(self) -> frozenset[str]:
        """Return the parts whose programs can be asked."""

    def arguments(self, part: str) -> Sequence[str]:
        """Return the part's arguments, without its program."""

    def folder(self, part: str) -> str:
        """Return where the part finds its files."""

    def execute(self, part: str, command: Sequence[str], user: str | None) -> Output:
        """Run a program as the part would; output and errors together.

        Args:
            part: Whose.
            command: The program first, as the part's image has it.
            user: Whom a container runs it as; None for the part's user.
        """

    def signal(self, part: str) -> None:
        """Send SIGHUP to the part's main process."""

    def restart(self, part: str) -> None:
        """Restart the part and wait until it is healthy."""

    def get(self, part: str, path: str) -> str:
        """Return what the part answers to a GET at its main port."""

    def workers(self, part: str) -> frozenset[int]:
        """Return the ids of the children of the part's main process."""

    def log_mark(self, part: str) -> str:
        """Return where the part's log ends now."""

    def log_since(self, part: str, mark: str) -> list[str]:
        """Return the lines of the part's log after a mark."""
