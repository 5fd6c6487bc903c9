"""How much of everything `python -m bench scrapes` measures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ScrapePlan:
    """The counts of one run: full ones take about two minutes.

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
