"""How much of everything a run measures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TelemetryPlan:
    """The counts of `burnrate bench telemetry`: full ones take about three minutes.

    Attributes:
        requests: In each reading. Their spans must fit into the SDK's queue (2,048), so that
            none is dropped and all are paid for.
        load_seconds: How long each reading of the throughput lasts.
    """

    rounds: int = 40
    requests: int = 250
    operation_rounds: int = 30
    operations: int = 5_000
    load_rounds: int = 8
    load_seconds: int = 3
    connections: int = 32
    server_workers: int = 4


@dataclass(frozen=True)
class ScrapePlan:
    """The counts of `burnrate bench scrapes`: full ones take about two minutes.

    Attributes:
        label_sets: 54 lines each: a counter and a histogram of 16 buckets, three times.
        library_dead: How many dead workers the client library is measured with; its scrapes take
            seconds by then.
        recycle_seconds: Recycling ends by then, and the table says how many there were.
    """

    label_sets: int = 240
    writers: int = 4
    rounds: int = 15
    recycles: int = 2_000
    recycle_seconds: float = 90.0
    library_dead: int = 100
    library_rounds: int = 3
    folds: int = 15
    probes: int = 2_000
    probe_seconds: float = 10.0


QUICK_TELEMETRY = TelemetryPlan(
    rounds=2,
    requests=20,
    operation_rounds=2,
    operations=50,
    load_rounds=1,
    load_seconds=1,
    connections=4,
    server_workers=1,
)
QUICK_SCRAPES = ScrapePlan(
    label_sets=6,
    writers=2,
    rounds=2,
    recycles=6,
    library_dead=3,
    library_rounds=1,
    folds=2,
    probes=20,
    probe_seconds=1.0,
)
