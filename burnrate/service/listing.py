"""The table of `burnrate service list`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from burnrate.console import padded
from burnrate.http_client import NoAnswer
from burnrate.service.inventory import Inventory, jobs_of
from burnrate.service.reaching import TargetState, target_states
from burnrate.service.running import Running
from burnrate.slo.specification import Service, number

_COLUMNS = ("service", "objectives", "job", "targets", "up", "labels")


@dataclass(frozen=True)
class Row:
    """One service.

    Attributes:
        objectives: `availability 99.9 %` and so on.
        jobs: The scrape jobs of its own processes and of what counts for it.
        targets: As the files have them.
        up: How many of those jobs' targets answer, and how many there are; None if nobody says.
        labels: Of its alerts.
    """

    service: str
    file: str
    objectives: tuple[str, ...]
    jobs: tuple[str, ...]
    targets: tuple[str, ...]
    up: tuple[int, int] | None
    labels: dict[str, str]

    def as_json(self) -> dict[str, object]:
        """Return the row for machines."""
        return asdict(self)

    def cells(self) -> tuple[str, ...]:
        """Return the row for people."""
        return (
            self.service,
            ", ".join(self.objectives),
            ", ".join(self.jobs),
            ", ".join(self.targets) or "-",
            "-" if self.up is None else f"{self.up[0]} of {self.up[1]}",
            ", ".join(f"{name}={value}" for name, value in self.labels.items()) or "-",
        )


def rows(there: Inventory, running: Running | None) -> list[Row]:
    """Return a row a service; `running` is asked which targets are up."""
    states = _states(there, running)
    return [_row(each, there, states) for each in there.services]


def table(found: Sequence[Row]) -> str:
    """Return aligned columns."""
    cells = [_COLUMNS, *(row.cells() for row in found)]
    return "\n".join("  ".join(row).rstrip() for row in padded(cells))


def _row(service: Service, there: Inventory, states: list[TargetState] | None) -> Row:
    jobs = jobs_of(service)
    ours = None if states is None else [each for each in states if each.job in jobs]
    return Row(
        service=service.title,
        file=str(there.specification_of(service)),
        objectives=tuple(
            f"{each.name} {float(number(each.objective * 100)):g} %" for each in service.slos
        ),
        jobs=jobs,
        targets=tuple(target for each in there.targets_of(service) for target in each.targets),
        up=None if ours is None else (sum(each.health == "up" for each in ours), len(ours)),
        labels=dict(service.alert_labels),
    )


def _states(there: Inventory, running: Running | None) -> list[TargetState] | None:
    prometheus = None if running is None else running.prometheus()
    if prometheus is None:
        return None
    try:
        with prometheus:
            return target_states(prometheus, there.jobs())
    except NoAnswer:
        return None
