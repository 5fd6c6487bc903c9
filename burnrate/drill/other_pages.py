"""Which pages a drill may bring besides its own, and which count against it."""

from collections.abc import Iterable
from dataclasses import dataclass

from burnrate.drill.clients import Episode
from burnrate.drill.definition import Drill
from burnrate.drill.expectation import ExpectedAlert


@dataclass(frozen=True)
class OtherPages:
    """Names of pages that arrived during a drill, besides the expected one.

    Args:
        unexpected: They must not have arrived.
        consequences: They may: the fault causes them as well.
    """

    unexpected: tuple[str, ...] = ()
    consequences: tuple[str, ...] = ()


def other_pages(
    pages: Iterable[Episode], drill: Drill, expected: ExpectedAlert, began: float
) -> OtherPages:
    """Return the pages that are not the expected one.

    Args:
        pages: Those that arrived since the fault.
        drill: Whose consequences are allowed.
        expected: The alert that the drill waits for.
        began: When the fault was switched on, seconds since the epoch: what began before is not its
            doing, whenever it arrived.
    """
    allowed = [*drill.consequences]
    if drill.noticed_by != "watchdog":
        # A slower tier of the same SLO tells of the same fault.
        allowed.append(drill.expected)
    unexpected: set[str] = set()
    consequences: set[str] = set()
    for page in pages:
        is_own = drill.noticed_by != "watchdog" and expected.matches(page.labels)
        if is_own or page.starts_at.timestamp() < began:
            continue
        is_allowed = any(each.matches(page.labels) for each in allowed)
        (consequences if is_allowed else unexpected).add(_name(page))
    return OtherPages(tuple(sorted(unexpected)), tuple(sorted(consequences)))


def _name(page: Episode) -> str:
    labels = page.labels
    about = "/".join(labels[name] for name in ("service", "slo") if name in labels)
    return f"{labels.get('alertname', '?')} ({about})"
