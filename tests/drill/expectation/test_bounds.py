"""The latest times of a drill's steps."""

import math

import pytest

from burnrate.drill.expectation import (
    Waits,
    Window,
    burn_seconds,
    latest_resolution,
    latest_times,
)
from burnrate.drill.expectation.bounds import evaluations

HOUR = Window(3_600, 0.0144, total=3_600 * 25)
FIVE_MINUTES = Window(300, 0.0144, total=300 * 25)
WAITS = Waits(scrape=5, evaluation=15, pending=30, group_wait=10, group_interval=60)


def test_a_full_outage_of_steady_traffic_takes_the_long_window_over_first() -> None:
    """3600 s x 1.44 % of failures must come, and the events they are a share of grow with them."""
    assert burn_seconds([HOUR, FIVE_MINUTES], 25, 1.0) == pytest.approx(52.6, abs=0.1)


def test_windows_that_hold_little_are_over_sooner() -> None:
    """A stack that was started a minute ago has no hour of good events."""
    young = [Window(3_600, 0.0144, total=60 * 25), Window(300, 0.0144, total=60 * 25)]
    assert burn_seconds(young, 25, 1.0) == pytest.approx(0.88, abs=0.01)


def test_failures_of_before_are_counted() -> None:
    """A window that is over its threshold already needs no time."""
    assert burn_seconds([Window(3_600, 0.0144, total=1_000, bad=20)], 25, 1.0) == 0


@pytest.mark.parametrize("share", [0.0144, 0.01])
def test_a_share_below_the_threshold_never_fires(share: float) -> None:
    """However long it lasts."""
    assert burn_seconds([HOUR], 25, share) == math.inf


def test_detection_adds_up_every_wait() -> None:
    """Scrape, evaluation, `for` and the group's wait."""
    found = latest_times(WAITS, onset=1, burn=52)
    assert found.first_bad == 6
    assert found.over == found.pending == 1 + 52 + 5 + 15
    assert found.firing == 73 + 30
    assert found.stored == 103 + 10


def test_an_open_group_waits_for_its_interval() -> None:
    """Alertmanager tells of a further alert at the group's next flush only."""
    is_open = Waits(5, 15, 30, group_wait=10, group_interval=60, is_group_open=True)
    assert latest_times(is_open, onset=0, burn=0).stored == 50 + 60


def test_an_alert_fires_at_an_evaluation() -> None:
    """`for` is rounded up to whole ones."""
    assert evaluations(20, 15) == 30
    assert evaluations(30, 15) == 30
    assert evaluations(0, 15) == 0


def test_the_short_window_decides_the_end() -> None:
    """It is below its threshold when nearly all of it is from after the fault."""
    assert latest_resolution(WAITS, [HOUR, FIVE_MINUTES], 1.0, 0) == pytest.approx(
        300 * 0.9856 + 80
    )
    assert latest_resolution(WAITS, [], 1.0, 0) == 80
