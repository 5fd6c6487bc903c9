"""Metrics are read back as they were exposed."""

import pytest

from burnrate.samples import Samples

TEXT = """\
# TYPE worker_exits_total counter
worker_exits_total{reason="recycled",worker="1"} 3.0
worker_exits_total{reason="recycled",worker="2"} 2.0
worker_exits_total{reason="killed",worker="1"} 1.0
# TYPE worker_exits_created gauge
worker_exits_created 7.0
inbox_watchdog_late 0.0
"""


def test_a_total_is_of_the_samples_that_have_the_labels() -> None:
    """All of them where none are named, and no other series whose name begins alike."""
    samples = Samples.read(TEXT)
    assert samples.total("worker_exits_total", reason="recycled") == 5
    assert samples.total("worker_exits_total", reason="recycled", worker="2") == 2
    assert samples.total("worker_exits_total") == 6
    assert samples.total("worker_exits_total", reason="timeout") == 0


def test_a_sample_of_0_is_told_from_none() -> None:
    """A total cannot tell them apart."""
    samples = Samples.read(TEXT)
    assert [sample.value for sample in samples.of("inbox_watchdog_late")] == [0]
    assert list(samples.of("inbox_watchdog")) == []


@pytest.mark.parametrize("text", ["<html></html>", '{"status": "success"}', "a_total{x=1} 1"])
def test_something_else_is_refused(text: str) -> None:
    """A page of an error is no exposition without samples."""
    with pytest.raises(ValueError, match="no metrics"):
        Samples.read(text)
