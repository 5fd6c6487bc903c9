"""Which alert a drill must raise, from which rule, and the latest time of each of its steps."""

from burnrate.drill.expectation.bounds import (
    SLACK_SECONDS,
    Waits,
    Window,
    burn_seconds,
    latest_resolution,
    latest_times,
)
from burnrate.drill.expectation.event_counts import EventCounts
from burnrate.drill.expectation.expected_alert import ExpectedAlert, find_rule
from burnrate.drill.expectation.tiers import RecordedTier, recorded_tiers

__all__ = [
    "SLACK_SECONDS",
    "EventCounts",
    "ExpectedAlert",
    "RecordedTier",
    "Waits",
    "Window",
    "burn_seconds",
    "find_rule",
    "latest_resolution",
    "latest_times",
    "recorded_tiers",
]
