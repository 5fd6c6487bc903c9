"""Where there is little traffic: what is meant, event by event, against what the rules do."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from burnrate.slo.minimums import Minimum
from burnrate.slo.simulation import Simulation, TierRules

LONG, SHORT, IN_A_ROW, FAILURES = 240, 20, 3, 3
TIER = TierRules("Page", "page", LONG, SHORT, 0.01, Minimum(FAILURES), IN_A_ROW)
# So few that traffic is low, whatever comes: at most 29 in a long window.
gaps = st.integers(9, 400)
traces = st.lists(st.tuples(gaps, st.booleans()), min_size=1, max_size=40)


@dataclass
class Meant:
    """An alert as the issue says it, in words: it knows events and their times, no windows.

    It begins with a failure that is the third in a row or the third within the long window. It ends
    with the next good event, or when the long window has passed since the last failure.
    """

    failures: list[int]
    in_a_row: int = 0
    is_firing: bool = False

    def failed(self, at: int) -> None:
        """Take a failure."""
        self.failures = [each for each in self.failures if each > at - LONG] + [at]
        self.in_a_row += 1
        if self.in_a_row >= IN_A_ROW or len(self.failures) >= FAILURES:
            self.is_firing = True

    def succeeded(self) -> None:
        """Take a good event."""
        self.in_a_row = 0
        self.is_firing = False

    def looked_at(self, now: int) -> bool:
        """Return whether it fires."""
        if self.is_firing and self.failures[-1] <= now - LONG:
            self.is_firing = False
        return self.is_firing


def _meant(trace: Sequence[tuple[int, bool]], until: int) -> list[bool]:
    events = _events(trace)
    alert, seen = Meant([]), []
    for now in range(until):
        if events.get(now) is True:
            alert.failed(now)
        elif events.get(now) is False:
            alert.succeeded()
        seen.append(alert.looked_at(now))
    return seen


def _events(trace: Sequence[tuple[int, bool]]) -> dict[int, bool]:
    # After a whole long window, so that none is young.
    now, events = LONG, {}
    for gap, is_bad in trace:
        now += gap
        events[now] = is_bad
    return events


@given(traces)
def test_an_alert_ends_at_the_first_good_event_or_with_its_long_window_never_else(
    trace: list[tuple[int, bool]],
) -> None:
    """Whatever comes, at every evaluation."""
    events = _events(trace)
    until = max(events) + LONG + 2
    simulation = Simulation((TIER,))
    ruled = []
    for now in range(until):
        is_bad = events.get(now)
        fires = simulation.evaluate(int(is_bad is False), int(is_bad is True))
        ruled.append(bool(fires))
    assert ruled == _meant(trace, until)


def test_an_outage_of_seven_requests_a_day_is_one_alert() -> None:
    """Each comes later than the long window is; the failures in a row are not forgotten."""
    trace = [(300, False)] * 5 + [(230, True)] * 9 + [(230, False)]
    events = _events(trace)
    seen = _meant(trace, max(events) + 2)
    began = [now for now in range(1, len(seen)) if seen[now] and not seen[now - 1]]
    assert began == [sorted(events)[7]]
    assert not seen[max(events)]
