"""What a drill's times must stay within, computed from the rules that are loaded and their rhythm.

Everything here is an upper bound, counted from the moment the fault works; the sum of waits that
each happen to be at their longest.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# A request or two, and a look each second.
SLACK_SECONDS = 2.0


@dataclass(frozen=True)
class Pace:
    """How often things are done, in seconds."""

    scrape: float
    evaluation: float
    hold: float  # the rule's `for`
    group_wait: float
    group_interval: float
    is_group_open: bool = False  # an alert of its group fires already: no group_wait is left


@dataclass(frozen=True)
class Window:
    """One condition of a burn-rate rule, and what its window held before the fault."""

    seconds: float
    threshold: float  # the share of bad events it must exceed
    total: float = 0.0
    bad: float = 0.0


@dataclass(frozen=True)
class Detection:
    """The latest moments of the way to the inbox, in seconds since the fault works."""

    first_bad: float
    over: float
    pending: float
    firing: float
    sent: float
    stored: float


def burn_seconds(windows: Sequence[Window], rate: float, bad_share: float) -> float:
    """Return how long failures must last until every window's share of them is over its threshold.

    With `total` and `bad` events in the window already, `rate` events a second and a share of them
    bad, the share after t seconds is at least (bad + share x rate x t) / (total + rate x t): old
    events that leave the window meanwhile only help. For a window that was full of the same
    traffic, all of it good, that is window x threshold / (share - threshold), a little more than
    the workbook's window x threshold / share, which lets as many events leave as come.

    Returns infinity for a share that stays below a threshold.
    """
    longest = 0.0
    for window in windows:
        missing = window.threshold * window.total - window.bad
        if bad_share <= window.threshold:
            return math.inf
        longest = max(longest, missing / (rate * (bad_share - window.threshold)))
    return longest


def detection(pace: Pace, *, onset: float, burn: float) -> Detection:
    """Return the bounds.

    Args:
        pace: The rhythm of the stack.
        onset: From the fault to the first failure that can be counted.
        burn: From there until the condition would hold in an ideal Prometheus.
    """
    first_bad = onset + pace.scrape
    # Records and alert are evaluated together: what crosses between two evaluations is seen by the
    # second one, and the alert with it.
    over = onset + burn + pace.scrape + pace.evaluation
    firing = over + evaluations(pace.hold, pace.evaluation)
    sent = firing + (pace.group_interval if pace.is_group_open else pace.group_wait)
    return Detection(first_bad, over, over, firing, sent, sent)


def reset(pace: Pace, windows: Sequence[Window], bad_share: float, keep_firing: float) -> float:
    """Return the latest moment of the resolution, in seconds since the fault is off.

    The traffic goes on, now good: the shortest window is below its threshold when all but that
    share of it is from after the fault.
    """
    shortest = min(windows, key=lambda window: window.seconds, default=None)
    burn = 0.0
    if shortest is not None:
        burn = shortest.seconds * (1 - shortest.threshold / max(bad_share, shortest.threshold))
    return burn + pace.scrape + pace.evaluation + keep_firing + pace.group_interval


def evaluations(seconds: float, every: float) -> float:
    """Return a duration as whole evaluations: an alert fires only at one."""
    return math.ceil(seconds / every - 1e-9) * every if every else seconds
