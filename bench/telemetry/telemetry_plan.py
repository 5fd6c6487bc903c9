"""How much of everything `python -m bench telemetry` measures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TelemetryPlan:
    """The counts of one run: full ones take about three minutes.

    Attributes:
        requests: In each reading. Their spans must fit into the SDK's queue (2,048), so that
            none is dropped and all are paid for.
        load_seconds: How long each reading of the throughput lasts.
    """

    rounds: int = 40
    requests: int = 250
    operation_rounds: int = 30
    operations: int = 5_000
    scrapes: int = 5
    load_rounds: int = 8
    load_seconds: int = 3
    connections: int = 32
    server_workers: int = 4


QUICK_TELEMETRY = TelemetryPlan(
    rounds=2,
    requests=20,
    operation_rounds=2,
    operations=50,
    scrapes=1,
    load_rounds=1,
    load_seconds=1,
    connections=4,
    server_workers=1,
)
