"""The inbox's process is gone for long, and a real Alertmanager keeps its news for it."""

import pytest

from tests.alerting.outages import LIMIT_SECONDS, Outages

pytestmark = [pytest.mark.integration, pytest.mark.timeout(150)]


def test_what_fires_in_an_outage_of_35_s_is_there_soon_after(outages: Outages) -> None:
    """Within a group_interval of 10 s and what a retry may wait."""
    assert outages.firing.result() < LIMIT_SECONDS


def test_what_resolves_in_an_outage_of_60_s_is_closed_soon_after(outages: Outages) -> None:
    """Alertmanager tells of an end until it has been heard."""
    assert outages.resolved.result() < LIMIT_SECONDS
