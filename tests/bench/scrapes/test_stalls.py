"""What a probe of the event loop reports."""

import pytest

from bench.scrapes.stalls import percentile


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1.0), (0.5, 3.0), (0.999, 4.0), (1.0, 4.0)])
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    """With few probes the highest ones are the worst that was seen."""
    assert percentile([1.0, 2.0, 3.0, 4.0], share) == expected
