"""What the table says of parts that run as plain processes."""

from pathlib import Path

import pytest

from burnrate.stack.addresses import AddressMap
from burnrate.stack.processes.inventory import Inventory, MissingPart
from burnrate.stack.processes.probes import Health
from burnrate.stack.processes.status import Observation, part_rows
from burnrate.stack.processes.supervision import ProcessInfo

INVENTORY = Inventory(
    {"redis": Path("/bin/redis-server")}, (MissingPart("loki", "not installed: no log search"),)
)
RUNNING = ProcessInfo("RUNNING", 12, "pid 12, uptime 0:01:00")
STARTING = ProcessInfo("STARTING", 12, "")
BACKOFF = ProcessInfo("BACKOFF", 0, "Exited too quickly")
WELL, SICK = Health(is_healthy=True), Health(is_healthy=False, detail="-LOADING")


@pytest.mark.parametrize(
    ("seen", "state", "health", "detail"),
    [
        (Observation({}, frozenset(), {}), "stopped", "-", ""),
        (Observation({"redis": BACKOFF}, frozenset(), {}), "backoff", "unhealthy", ""),
        (
            Observation({"redis": RUNNING}, frozenset(), {"redis": SICK}),
            "running",
            "unhealthy",
            "-LOADING",
        ),
        # Healthy is up, whatever supervisord calls the first second.
        (Observation({"redis": STARTING}, frozenset(), {"redis": WELL}), "running", "healthy", ""),
        (
            Observation({}, frozenset({"redis"}), {}),
            "unsupervised",
            "unhealthy",
            "its supervisor is gone: make up starts it again",
        ),
    ],
)
def test_a_part_is_what_supervisor_and_probe_say(
    seen: Observation, state: str, health: str, detail: str
) -> None:
    """Its address is the one of this run."""
    _loki, row = part_rows(INVENTORY, AddressMap(), seen)
    assert (row.part, row.address) == ("redis", "127.0.0.1:15379")
    assert (row.state, row.health, row.detail) == (state, health, detail)


@pytest.mark.parametrize(
    ("seen", "state", "detail"),
    [
        (Observation({}, frozenset(), {}), "not installed", "no log search"),
        (Observation({"loki": BACKOFF}, frozenset(), {}), "not installed", "no log search"),
        (
            Observation({"loki": RUNNING}, frozenset(), {}),
            "running",
            "its program is not on this PATH, so it is not probed",
        ),
    ],
)
def test_a_missing_part_costs_something_unless_it_runs_all_the_same(
    seen: Observation, state: str, detail: str
) -> None:
    """Another shell's PATH may have started it; the stack is good without it."""
    row, _redis = part_rows(INVENTORY, AddressMap(), seen)
    assert (row.part, row.state, row.detail, row.is_good) == ("loki", state, detail, True)
