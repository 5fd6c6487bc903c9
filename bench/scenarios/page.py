"""docs/slo-scenarios.md: a row for each scenario; those that were not run keep theirs."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.scenarios.catalogue import SCENARIOS
from bench.scenarios.run import Found, Seen

_MOST_SHOWN: Final = 4
_HEADER: Final = """\
<!-- `python -m bench scenarios --update-docs` writes this; rows of what it does not run stay. -->
# What users feel, what the SLO says, and who is told

Real processes with the shipped rules, waits and routes: two instances of a small service under
gunicorn, nginx, Prometheus, Alertmanager. A client asks for 10 reads and 2 writes a second, more
where the scenario says so, and keeps its own count: a minute of health, the fault, 45 s of health.
Outcomes are those of [slo.md](slo.md). *Difference*: requests that nginx' counters, or the ledger
of the SLO, count otherwise than the clients do. Times are seconds from the fault until the alert
fires, and until its notification arrives; tickets wait five minutes for others of their group.
A write is sent once, so one that is under way when its instance dies is a 502; reads are repeated.

| Scenario | What clients felt | SLO availability | Difference | Alerts |
|---|---|---|---|---|
"""


def update(path: Path, found: Sequence[Found]) -> None:
    """Write the page with these rows in the place of theirs."""
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    rows = dict(re.findall(r"^(\| `([\w-]+)` .*\|)$", old, re.MULTILINE))
    kept = {name: row for row, name in rows.items()}
    kept |= {each.scenario.name: row(each) for each in found}
    lines = [kept[name] for name in SCENARIOS if name in kept]
    path.write_text(_HEADER + "\n".join(lines) + "\n", encoding="utf-8")


def row(found: Found) -> str:
    """Return the row of a scenario."""
    scenario, bad = found.scenario, found.slo["bad"]
    total = found.slo["good"] + bad
    cells = [
        f"`{scenario.name}` {scenario.title} ({scenario.seconds:.0f} s)",
        f"{sum(found.clients.values()):,} asked: {_felt(found.felt)}",
        f"{bad:,} bad of {total:,}; burns at {found.worst_burn:.0f}x at most",
        f"{found.difference}",
        _alerts(found.alerts),
    ]
    return f"| {' | '.join(cells)} |"


def _felt(felt: Mapping[str, int]) -> str:
    shown = [f"{count:,} {what}" for what, count in felt.items()]
    rest = len(shown) - _MOST_SHOWN
    return (
        ", ".join(shown[:_MOST_SHOWN]) + (f", {rest} more kinds" if rest > 0 else "") or "all good"
    )


def _alerts(alerts: Mapping[str, Seen]) -> str:
    in_order = sorted(alerts.items(), key=lambda each: each[1].fired)
    return (
        ", ".join(
            f"{seen.severity} `{name}` {seen.fired:.0f} s"
            + (f" (told {seen.arrived:.0f} s)" if seen.arrived is not None else "")
            for name, seen in in_order
        )
        or "none"
    )
