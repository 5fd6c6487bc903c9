"""What a drill's times must stay within, computed from the rules that are loaded and their waits.

Everything here is an upper bound, counted from the moment the fault works; the sum of waits that
each happen to be at their longest.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from burnrate.slo.detection import seconds_until_over, seconds_until_under

# A request or two, and a look each second.
SLACK_SECONDS = 2.0


@dataclass(frozen=True)
class Waits:
    """What an alert waits for on its way to the inbox, in seconds.

    Attributes:
        scrape: From one scrape of the job that sees the fault to the next.
        evaluation: From one evaluation of the rule to the next.
        pending: The rule's `for`.
        is_group_open: An alert of its group fires already: no group_wait is left.
    """

    scrape: float
    evaluation: float
    pending: float
    group_wait: float
    group_interval: float
    is_group_open: bool = False

    @property
    def notification(self) -> float:
        """How long Alertmanager may hold the notification."""
        return self.group_interval if self.is_group_open else self.group_wait


@dataclass(frozen=True)
class Window:
    """One condition of a burn-rate rule, and what its window held before the fault.

    Attributes:
        threshold: The share of bad events that it must exceed, 0 to 1.
        total: Events in the window; `bad` of them are bad.
    """

    seconds: float
    threshold: float
    total: float = 0.0
    bad: float = 0.0


@dataclass(frozen=True)
class LatestTimes:
    """When each step to the inbox must have happened, in seconds since the fault works."""

    first_bad: float
    over: float
    pending: float
    firing: float
    sent: float
    stored: float


def burn_seconds(windows: Sequence[Window], rate: float, bad_share: float) -> float:
    """Return how long failures must last until every window's share of them is over its threshold.

    Nothing is known of when the events in a window came, so none of them is taken to leave it:
    those that leave meanwhile only help. For a window that was full of the same traffic that is a
    little more than what `burnrate slo generate` says, which lets as many events leave as come.

    Args:
        windows: Of the rule.
        rate: Events a second during the fault.
        bad_share: The share of them that is bad, 0 to 1.

    Returns:
        Infinity for a share that stays below a threshold.
    """
    longest = 0.0
    for window in windows:
        seconds = seconds_until_over(
            window.threshold,
            bad_share,
            total=window.total,
            bad=window.bad,
            arriving=rate,
            leaving=0.0,
        )
        longest = max(longest, math.inf if seconds is None else seconds)
    return longest


def latest_times(waits: Waits, *, onset: float, burn: float) -> LatestTimes:
    """Return the bounds.

    Args:
        waits: On this stack.
        onset: Seconds from the fault to the first failure that can be counted.
        burn: Seconds from there until the condition would hold in an ideal Prometheus.
    """
    # Records and alert are evaluated together: what crosses between two evaluations is seen by the
    # second one, and the alert with it.
    over = onset + burn + waits.scrape + waits.evaluation
    firing = over + evaluations(waits.pending, waits.evaluation)
    sent = firing + waits.notification
    return LatestTimes(onset + waits.scrape, over, over, firing, sent, sent)


def latest_resolution(
    waits: Waits, windows: Sequence[Window], bad_share: float, keep_firing: float
) -> float:
    """Return the latest time of the resolution, in seconds since the fault is off.

    The traffic goes on, now good: the shortest window is below its threshold when all but that
    share of it is from after the fault.

    Args:
        waits: On this stack.
        windows: Of the rule; none for a rule that looks at the newest sample alone.
        bad_share: The share of events that was bad, 0 to 1.
        keep_firing: The rule's `keep_firing_for`, in seconds.
    """
    shortest = min(windows, key=lambda window: window.seconds, default=None)
    burn = 0.0
    if shortest is not None:
        failing = max(bad_share, shortest.threshold)
        burn = seconds_until_under(shortest.threshold, failing, window=shortest.seconds)
    return burn + waits.scrape + waits.evaluation + keep_firing + waits.group_interval


def evaluations(seconds: float, every: float) -> float:
    """Return seconds as whole evaluations, one `every` so many: an alert fires only at one."""
    return math.ceil(seconds / every - 1e-9) * every if every else seconds
