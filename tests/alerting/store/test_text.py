"""Texts as the store takes them."""

from alerting.inbox.store.text import MAX_TEXT, cut_pairs


def test_cuts_over_long_texts() -> None:
    """A long annotation is cut and says so; one at the limit is whole."""
    pairs = cut_pairs({"long": "x" * (MAX_TEXT + 1), "fits": "y" * MAX_TEXT})
    assert pairs["long"] == "x" * MAX_TEXT + f"… [cut from {MAX_TEXT + 1}]"
    assert pairs["fits"] == "y" * MAX_TEXT
