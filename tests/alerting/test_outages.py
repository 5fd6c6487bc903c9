"""The inbox's process is gone for long, and a real Alertmanager keeps its news for it."""

import pytest

from tests.alerting.outages import Outages

pytestmark = [pytest.mark.integration]


def test_what_fires_in_an_outage_is_there_after_it(outages: Outages) -> None:
    """Alertmanager failed to deliver it for three intervals of its group."""
    during = outages.firing.result()
    assert during["labels"]["alertname"] == "During"
    assert during["deliveries"] == 1


def test_what_resolves_in_an_outage_is_closed_after_it(outages: Outages) -> None:
    """Alertmanager tells of an end until it has been heard, here after six intervals."""
    assert outages.resolved.result()["state"] == "resolved"
