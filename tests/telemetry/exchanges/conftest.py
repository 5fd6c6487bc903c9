"""Fixtures of tests of exchanges."""

import pytest

from tests.telemetry.exchanges.unanswered import Served


@pytest.fixture
def served() -> Served:
    """Nothing has been asked yet."""
    return Served()
