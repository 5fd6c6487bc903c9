"""The table of `burnrate stack status`."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from burnrate.stack.addresses import LOOPBACK
from burnrate.stack.processes.stack import ProcessStack

Verdict = Literal["healthy", "unhealthy", "-"]

_COLUMNS = ("part", "state", "address", "health", "detail")


@dataclass(frozen=True)
class PartStatus:
    """One row."""

    part: str
    state: str
    address: str
    health: Verdict
    detail: str = ""
    can_run: bool = True

    @property
    def is_good(self) -> bool:
        """Whether the part is healthy, or is one that cannot run here."""
        return self.health == "healthy" or not self.can_run

    def as_json(self) -> dict[str, object]:
        """Return the row for machines."""
        return asdict(self)


def process_status(stack: ProcessStack) -> list[PartStatus]:
    """Return the parts in the compose file's order, each one probed now."""
    plan = stack.plan()
    infos = stack.processes()
    leftovers = stack.leftovers()
    up = {name for name, info in infos.items() if info.is_up} | leftovers
    health = stack.check(part for name, part in plan.parts.items() if name in up)
    rows: dict[str, PartStatus] = {}
    for missing in plan.missing:
        state, _, detail = missing.reason.partition(": ")
        can_run = not missing.is_optional
        if missing.name in up:
            state, detail = "running", "its program is not on this PATH, so it is not probed"
        rows[missing.name] = PartStatus(missing.name, state, "-", "-", detail, can_run=can_run)
    for name in plan.parts:
        ports = stack.addresses.of_part(name).values()
        address = f"{LOOPBACK}:{next(iter(ports))}"
        info = infos.get(name)
        if name in leftovers:
            detail = "its supervisor is gone: make up starts it anew"
            rows[name] = PartStatus(name, "unsupervised", address, "unhealthy", detail)
        elif info is None or name not in health:
            state = info.state.lower() if info else "stopped"
            rows[name] = PartStatus(name, state, address, "unhealthy" if info else "-")
        else:
            verdict: Verdict = "healthy" if health[name].is_healthy else "unhealthy"
            detail = health[name].detail or info.description
            # supervisord calls the first second "starting", whatever the part says.
            state = "running" if health[name].is_healthy else info.state.lower()
            rows[name] = PartStatus(name, state, address, verdict, detail)
    return [rows[name] for name in stack.compose.services if name in rows]


def table(rows: Iterable[PartStatus], style: Callable[[str, str], str]) -> str:
    """Return aligned columns; `style(text, health)` may colour a cell."""
    found = list(rows)
    cells = [_COLUMNS, *((r.part, r.state, r.address, r.health, r.detail) for r in found)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_COLUMNS))]
    lines = []
    for row in cells:
        padded = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
        padded[3] = style(padded[3], row[3])
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)
