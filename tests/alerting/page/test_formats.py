"""Figures as people read them."""

import pytest

from alerting.inbox.page.formats import budget


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (1, "100 %"),
        (0.9999, "99.9 %"),
        (0.9962, "99.6 %"),
        (0.99, "99 %"),
        (0.42, "42 %"),
        (0.004, "<1 %"),
        (0, "0 %"),
        (-0.5, "spent 1.5 times over"),
        (-28.08, "spent 29 times over"),
    ],
)
def test_a_budget_is_never_less_than_nothing(ratio: float, shown: str) -> None:
    """One that is spent says how many times, and one that is touched is not whole."""
    assert budget(ratio) == shown
