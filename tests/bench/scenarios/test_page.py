"""The page with a row for each scenario."""

from pathlib import Path

from bench.scenarios import page
from bench.scenarios.catalogue import SCENARIOS
from bench.scenarios.clients import Outcome
from bench.scenarios.run import Found, Seen


def _found(name: str, bad: int) -> Found:
    counts: dict[Outcome, int] = {"good": 10, "bad": bad, "neither": 0}
    return Found(
        SCENARIOS[name],
        counts,
        {"502": bad} if bad else {},
        counts,
        counts,
        12.0,
        {"ServiceDown": Seen("page", 75.4, 85.9), "ReplicaDown": Seen("ticket", 60.0)},
    )


def test_rows_that_are_not_run_again_stay(tmp_path: Path) -> None:
    """In the order of the catalogue, each once."""
    path = tmp_path / "page.md"
    page.update(path, [_found("all-dead", 3), _found("healthy", 0)])
    page.update(path, [_found("all-dead", 4)])

    rows = [line for line in path.read_text().splitlines() if line.startswith("| `")]
    alerts = "0 | ticket `ReplicaDown` 60 s, page `ServiceDown` 75 s (told 86 s)"
    healthy = "10 asked: all good | 0 bad of 10; burns at 12x at most"
    dead = "14 asked: 4 502 | 4 bad of 14; burns at 12x at most"
    assert rows == [
        f"| `healthy` nothing is wrong (180 s) | {healthy} | {alerts} |",
        f"| `all-dead` all workers of both instances are killed (180 s) | {dead} | {alerts} |",
    ]


def test_what_is_counted_otherwise_is_the_difference() -> None:
    """By nginx and by the SLO."""
    found = _found("all-dead", 4)
    assert found.difference == 0
    other = Found(
        found.scenario, found.clients, {}, {"good": 9, "bad": 4, "neither": 1},
        {"good": 10, "bad": 2}, 0.0,
    )  # fmt: skip
    assert other.difference == 1 + 1 + 2
