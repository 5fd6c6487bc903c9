"""The state machine of a drill's steps."""

from burnrate.drill.observation import Observation, Step, Timeline

BEGAN = 1_000.0


def timeline() -> tuple[Timeline, list[tuple[Step, float]]]:
    """A timeline and what it said."""
    said: list[tuple[Step, float]] = []
    return Timeline(BEGAN, on_mark=lambda step, elapsed: said.append((step, elapsed))), said


def test_each_step_is_said_once_when_it_happens() -> None:
    """Later observations that see the same say nothing."""
    line, said = timeline()
    line.mark(Step.FAULT_ON, BEGAN + 1)
    line.observe(Observation(BEGAN + 2, is_bad=False, is_over=False, state="inactive"))
    line.observe(Observation(BEGAN + 5, is_bad=True, is_over=False, state="inactive"))
    line.observe(Observation(BEGAN + 6, is_bad=True, is_over=True, state="inactive"))
    pending = Observation(
        BEGAN + 9, is_bad=True, is_over=True, state="pending", active_at=BEGAN + 8
    )
    line.observe(pending)
    line.observe(pending)
    line.observe(Observation(BEGAN + 40, state="firing", active_at=BEGAN + 8))
    line.observe(Observation(BEGAN + 50, state="firing", active_at=BEGAN + 8, is_sent=True))
    line.observe(Observation(BEGAN + 51, state="firing", is_sent=True, stored_at=BEGAN + 50.5))
    assert said == [
        (Step.FAULT_ON, 1),
        (Step.FIRST_BAD, 5),
        (Step.OVER, 6),
        (Step.PENDING, 8),
        (Step.FIRING, 40),
        (Step.SENT, 50),
        (Step.STORED, 50.5),
    ]


def test_what_happened_between_two_observations_is_marked_with_what_followed() -> None:
    """An alert that is firing when first seen was pending and over its threshold before."""
    line, _ = timeline()
    line.mark(Step.FAULT_ON, BEGAN)
    line.observe(Observation(BEGAN + 9, state="firing", active_at=BEGAN + 7))
    assert line.marks == {
        Step.FAULT_ON: 0,
        Step.FIRST_BAD: 7,
        Step.OVER: 7,
        Step.PENDING: 7,
        Step.FIRING: 9,
    }


def test_an_alert_that_is_no_longer_pending_has_to_wait_anew() -> None:
    """The flap is counted, and the step is open again."""
    line, said = timeline()
    line.observe(Observation(BEGAN + 5, state="pending", active_at=BEGAN + 5))
    line.observe(Observation(BEGAN + 6, state="inactive"))
    assert line.flaps == 1
    assert not line.has(Step.PENDING)
    line.observe(Observation(BEGAN + 9, state="pending", active_at=BEGAN + 9))
    assert line.marks[Step.PENDING] == 9
    assert said[-1] == (Step.PENDING, 9)


def test_a_part_that_does_not_answer_is_no_flap() -> None:
    """What cannot be seen has not changed."""
    line, _ = timeline()
    line.observe(Observation(BEGAN + 5, state="pending", active_at=BEGAN + 5))
    line.observe(Observation(BEGAN + 6))
    assert line.flaps == 0
    assert line.has(Step.PENDING)


def test_a_resolution_counts_only_after_the_fault() -> None:
    """And after the fault nothing else is looked for."""
    line, _ = timeline()
    line.observe(Observation(BEGAN + 5, stored_at=BEGAN + 4, resolved_at=BEGAN + 5))
    assert not line.has(Step.RESOLVED)
    line.mark(Step.FAULT_OFF, BEGAN + 6)
    line.observe(Observation(BEGAN + 7, state="firing"))
    assert not line.has(Step.RESOLVED)
    line.observe(Observation(BEGAN + 9, resolved_at=BEGAN + 8))
    assert line.marks[Step.RESOLVED] == 8


def test_the_watchdogs_way_has_one_step() -> None:
    """No rule fires for it, so none of an alert's steps is made up."""
    line = Timeline(BEGAN, way=(Step.LATE,), end=Step.HEARD)
    line.mark(Step.FAULT_ON, BEGAN)
    line.observe(Observation(BEGAN + 100, stored_at=BEGAN + 100))
    line.mark(Step.FAULT_OFF, BEGAN + 101)
    line.observe(Observation(BEGAN + 120, resolved_at=BEGAN + 120))
    assert list(line.marks) == [Step.FAULT_ON, Step.LATE, Step.FAULT_OFF, Step.HEARD]
