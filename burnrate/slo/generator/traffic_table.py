"""Which failures an SLO's alerts find at which traffic, and when: for docs/slo-detection.md."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import Final

from burnrate.slo.detection import FAILURE_PARTS
from burnrate.slo.simulation import Simulation, TierRules, evenly, first_firing, rules_of
from burnrate.slo.specification import Slo, number
from burnrate.slo.windows import DAY, HOUR, Severity

# From a test environment to a busy service, in events an hour.
_TRAFFIC: Final[Sequence[tuple[str, Fraction]]] = (
    ("1 a day", Fraction(1, 24)),
    ("7 a day", Fraction(7, 24)),
    ("20 a day", Fraction(20, 24)),
    ("5 an hour", Fraction(5)),
    ("30 an hour", Fraction(30)),
    ("100 an hour", Fraction(100)),
    ("1,000 an hour", Fraction(1000)),
    ("100 a second", Fraction(360_000)),
)
# A minute from one evaluation to the next: seconds do not count here.
_EVERY_SECONDS: Final = 60
# The longest window is full of good events before, and failures last so long.
_BEFORE_SECONDS: Final = 3 * DAY
_LONGEST_SECONDS: Final = 3 * DAY
# Simulated with its own distance from event to event, or nothing would be found.
Found = tuple[int, str] | None


def traffic_table(slo: Slo) -> list[str]:
    """Return the lines about an SLO: a table, and below which traffic it is blind."""
    severity: Severity = "page" if any(t.severity == "page" for t in slo.tiers) else "ticket"
    heads = [f"{number(100 * part)} % fail" for part in FAILURE_PARTS]
    rules = rules_of(slo, _EVERY_SECONDS)
    rows = [
        (name, [_found(rules, an_hour, part, severity) for part in FAILURE_PARTS])
        for name, an_hour in _TRAFFIC
    ]
    return [
        f"| Traffic, even | {' | '.join(f'{head}: first {severity}' for head in heads)} |",
        "|---|" + "---|" * len(heads),
        *(f"| {name} | {' | '.join(map(_cell, found))} |" for name, found in rows),
        "",
        f"Found by a {severity}: "
        + "; ".join(
            f"{number(100 * part)} % failures {_from(rows, index)}"
            for index, part in enumerate(FAILURE_PARTS)
        )
        + ".",
        "",
    ]


def _from(rows: Sequence[tuple[str, Sequence[Found]]], index: int) -> str:
    blind = [name for name, found in rows if found[index] is None]
    if not blind:
        return "at any traffic"
    if len(blind) == len(rows):
        return "never"
    names = [name for name, _ in rows]
    last = max(map(names.index, blind))
    if last + 1 == len(names):
        return "at some traffic only"
    return f"from {names[last + 1]} on, blind at {names[last]} and below"


def _cell(found: Found) -> str:
    if found is None:
        return "never"
    evaluations, name = found
    return f"{_span(evaluations * _EVERY_SECONDS)}, `{name}`"


@cache
def _found(
    rules: tuple[TierRules, ...], an_hour: Fraction, part: Fraction, severity: Severity
) -> Found:
    an_evaluation = an_hour * _EVERY_SECONDS / HOUR
    simulation = Simulation(rules, _EVERY_SECONDS)
    simulation.pass_quietly(an_evaluation, _BEFORE_SECONDS // _EVERY_SECONDS)
    events = evenly(an_evaluation, part, _LONGEST_SECONDS // _EVERY_SECONDS)
    return first_firing(simulation, events, severity)


def _span(seconds: int) -> str:
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 120 else f"{seconds / HOUR:.1f} h"  # noqa: PLR2004
