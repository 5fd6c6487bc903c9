"""What `burnrate stack status` says of parts that run as plain processes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from burnrate.stack.addresses import AddressMap
from burnrate.stack.processes.inventory import Inventory, MissingPart
from burnrate.stack.processes.probes import Health
from burnrate.stack.processes.supervision import ProcessInfo
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
