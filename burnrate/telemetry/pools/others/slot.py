"""What stands on a pool of somebody else: its meter, and since when each connection is held."""

from collections.abc import Callable
from time import perf_counter
from typing import Final, Protocol

from burnrate.telemetry.pools.meter import PoolMeter


class MakeMeter(Protocol):
    """Makes the meter of a pool.

    Args:
        name: The value of the label `pool`, unless the application gives another one.
        max_connections: Returns the most that can be held at once; None where there is no limit.
        idle: Returns how many connections are open and not held.
        used: As for `PoolMeter`.
    """

    def __call__(
        self,
        name: str,
        max_connections: Callable[[], int | None],
        idle: Callable[[], int],
        used: Callable[[], int] | None = None,
        /,
    ) -> PoolMeter: ...


class Slot:
    """Keeps the meter where the pool's wrapped methods find it: a later one takes its place."""

    def __init__(self, meter: PoolMeter) -> None:
        self.meter = meter
        self._since: dict[int, float] = {}

    def taken(self, connection: object) -> None:
        """Note since when a connection is held."""
        self._since[id(connection)] = perf_counter()

    def given_back(self, connection: object) -> None:
        """Count the hold of a connection; one that was not taken through here is not counted."""
        since = self._since.pop(id(connection), None)
        if since is not None:
            self.meter.released(perf_counter() - since)


_SLOT: Final = "_burnrate_slot"


def find_slot(pool: object, meter: PoolMeter) -> bool:
    """Give the meter to a pool that has a slot, and say whether it has."""
    slot: Slot | None = getattr(pool, _SLOT, None)
    if slot is None:
        return False
    meter.follow(slot.meter)  # what is held now is given back to it
    slot.meter = meter
    return True


def put_slot(pool: object, meter: PoolMeter) -> Slot:
    """Give a pool, or a pool's class, a slot with this meter."""
    slot = Slot(meter)
    setattr(pool, _SLOT, slot)
    return slot
