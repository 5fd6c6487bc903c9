"""What `burnrate stack status` says of parts that run as plain processes."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from burnrate.stack.addresses import AddressMap, kind_of
from burnrate.stack.compose import Compose
from burnrate.stack.layout import Layout
from burnrate.stack.processes.definitions import DEFINITIONS
from burnrate.stack.processes.inventory import Inventory, MissingPart, take_inventory
from burnrate.stack.processes.probes import Health, ProbeContext, check_all
from burnrate.stack.processes.recovery import find_record
from burnrate.stack.processes.shutdown import find_supervisor
from burnrate.stack.processes.supervision import ProcessInfo, Supervisor, members
from burnrate.stack.status import PartStatus


@dataclass(frozen=True)
class Observation:
    """What was seen of the parts at one moment.

    Attributes:
        infos: What supervisord says; nothing where it does not run.
        unsupervised: The parts that live on without their supervisor.
        health: What the probes found of the parts that run.
    """

    infos: Mapping[str, ProcessInfo]
    unsupervised: frozenset[str]
    health: Mapping[str, Health]


@dataclass(frozen=True)
class Observer:
    """Looks at a checkout's parts."""

    layout: Layout
    compose: Compose
    addresses: AddressMap

    def rows(self) -> list[PartStatus]:
        """Return the parts in the compose file's order, each one probed now."""
        inventory = take_inventory(self.layout, self.compose)
        found = part_rows(inventory, self.addresses, self._observe(inventory))
        rows = {row.part: row for row in found}
        return [rows[name] for name in self.compose.parts]

    def check_health(self, names: Iterable[str]) -> dict[str, Health]:
        """Return what the probes of the named parts find."""
        context = ProbeContext(self.addresses, self.layout.secrets)
        return check_all({name: DEFINITIONS[kind_of(name)].probe for name in names}, context)

    def _observe(self, inventory: Inventory) -> Observation:
        record = find_record(self.layout)
        if record is None:
            return Observation({}, frozenset(), {})
        infos = None
        if find_supervisor(self.layout, record) is not None:
            with suppress(OSError):  # it ended just now, or does not answer
                infos = Supervisor(self.layout).processes()
        if infos is not None:
            up = {name for name, info in infos.items() if info.is_up}
            health = self.check_health(up.intersection(inventory.programs))
            return Observation(infos, frozenset(), health)
        left = (name for name in record.part_names if members(self.layout, name))
        return Observation({}, frozenset(left), {})


def part_rows(
    inventory: Inventory, addresses: AddressMap, seen: Observation
) -> Iterator[PartStatus]:
    """Yield a row for each part, those that cannot run here first."""
    for missing in inventory.missing:
        yield _missing_row(missing, seen)
    for name in inventory.programs:
        yield _row(name, addresses.local(name), seen)


def _missing_row(missing: MissingPart, seen: Observation) -> PartStatus:
    state, _, detail = missing.reason.partition(": ")
    info = seen.infos.get(missing.name)
    if missing.name in seen.unsupervised or (info is not None and info.is_up):
        state, detail = "running", "its program is not on this PATH, so it is not probed"
    return PartStatus(missing.name, state, "-", "-", detail, can_run=not missing.is_optional)


def _row(name: str, address: str, seen: Observation) -> PartStatus:
    info, health = seen.infos.get(name), seen.health.get(name)
    if name in seen.unsupervised:
        detail = "its supervisor is gone: make up starts it again"
        return PartStatus(name, "unsupervised", address, "unhealthy", detail)
    if info is None or health is None:
        state = info.state.lower() if info else "stopped"
        return PartStatus(name, state, address, "unhealthy" if info else "-")
    if not health.is_healthy:
        detail = health.detail or info.description
        return PartStatus(name, info.state.lower(), address, "unhealthy", detail)
    # supervisord calls the first second "starting", whatever the part says.
    return PartStatus(name, "running", address, "healthy", health.detail or info.description)
