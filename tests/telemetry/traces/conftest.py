"""What tests of spans share."""

import logging
from collections.abc import Iterator

import pytest

from tests.telemetry.lines import Lines


@pytest.fixture
def never_sampled(monkeypatch: pytest.MonkeyPatch, lines: Lines) -> Iterator[None]:
    """Sample nothing but what a caller has sampled."""
    assert lines is not None, "captures"
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
    yield
    logging.getLogger().setLevel(logging.WARNING)
