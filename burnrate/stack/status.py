"""The table of `burnrate stack status`."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Literal

from burnrate.console import padded

Verdict = Literal["healthy", "unhealthy", "-"]

_COLUMNS = ("part", "state", "address", "health", "detail")


@dataclass(frozen=True)
class PartStatus:
    """One row: a part and how it is.

    Attributes:
        state: In the engine's or the supervisor's words.
        address: Where it listens for this machine, with the path below which it answers; `-` if it
            does not, `inside` if only for others.
        health: What its health check or probe says; `-` where nothing was asked.
        detail: Why, for people.
        can_run: Whether this part is one of the stack's, here.
        login: What it wants of a command, as `name:password`; shown nowhere.
    """

    part: str
    state: str
    address: str
    health: Verdict
    detail: str = ""
    can_run: bool = True
    login: str = field(default="", repr=False)

    @property
    def is_good(self) -> bool:
        """Whether the part is healthy, or is one that cannot run here."""
        return self.health == "healthy" or not self.can_run

    @property
    def is_reachable(self) -> bool:
        """Whether it listens for this machine."""
        return self.address not in {"-", "inside"}

    @property
    def url(self) -> str:
        """Where it answers HTTP for this machine, with its login; only if it listens for it."""
        login = f"{self.login}@" if self.login else ""
        return f"http://{login}{self.address.partition(',')[0]}"

    def as_json(self) -> dict[str, object]:
        """Return the row for machines."""
        return {name: value for name, value in asdict(self).items() if name != "login"}


def table(rows: Iterable[PartStatus], style: Callable[[str, str], str]) -> str:
    """Return aligned columns; `style(text, health)` may colour a cell."""
    found = list(rows)
    cells = [_COLUMNS, *((r.part, r.state, r.address, r.health, r.detail) for r in found)]
    lines = []
    for row, wide in zip(cells, padded(cells), strict=True):
        wide[3] = style(wide[3], row[3])
        lines.append("  ".join(wide).rstrip())
    return "\n".join(lines)
