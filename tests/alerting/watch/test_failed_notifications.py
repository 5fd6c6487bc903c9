"""What Alertmanager gave up lately."""

from alerting.inbox.watch import FailedNotifications


class Clock:
    """Stands where it is put."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_only_what_failed_since_the_first_look_counts_and_only_for_some_minutes() -> None:
    clock = Clock()
    failed = FailedNotifications(clock)
    failed.note({"slack": 7, "webhook": 0})
    assert failed.lately() == ()
    clock.now = 60
    failed.note({"slack": 7, "webhook": 1})
    assert failed.lately() == ("webhook",)
    clock.now = 60 + 329
    failed.note({"slack": 7, "webhook": 1})
    assert failed.lately() == ("webhook",)
    clock.now = 60 + 331
    assert failed.lately() == ()


def test_an_alertmanager_that_was_started_anew_counts_from_zero() -> None:
    failed = FailedNotifications(Clock())
    failed.note({"slack": 7})
    failed.note({"slack": 0})
    assert failed.lately() == ()
    failed.note({"slack": 0, "email": 2})
    assert failed.lately() == ("email",)
    failed.note({"slack": 7, "email": 1})
    assert failed.lately() == ("email", "slack")
