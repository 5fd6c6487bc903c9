"""A person goes from an alert to the lines of a failing request, in a browser, by links alone."""

import os
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from grafana.places import Uid
from tests.alerting.browser import browsing
from tests.grafana.conftest import BusyStack
from tests.grafana.traffic import FAILING
from tests.grafana.walk import Walk

pytestmark = [pytest.mark.integration]


@pytest.fixture
def walk_stack(busy_stack: BusyStack) -> BusyStack:
    """The stack, if all that the walk passes is here."""
    missing = {"grafana", "loki", "tempo"} - busy_stack.running
    missing |= {"chromium"} if shutil.which("chromium") is None else set()
    if missing:
        pytest.skip(f"not installed: {', '.join(sorted(missing))}: the walk is not gone")
    return busy_stack


def test_alert_leads_by_links_to_the_lines_of_a_failing_request(
    walk_stack: BusyStack, tmp_path: Path
) -> None:
    """Alert, overview, route, exemplar, trace, its lines: service, route and time are kept.

    WALK_PICTURES names a folder for a picture of each step, as docs/walk.md shows them.
    """
    links = walk_stack.checkout.path / ".burnrate/secrets/door_links"
    pictures = os.environ.get("WALK_PICTURES")
    with browsing(tmp_path) as page:
        walk = Walk(page, Path(pictures) if pictures else None)
        walk.begin(links.read_text().split()[1])

        overview = walk.open_dashboard_of_alert(Uid.OVERVIEW, "availability")
        assert (overview["var-service"], overview["var-slo"]) == ("api", "availability")

        route = walk.open_graphs_of_route(Uid.SERVICE, FAILING)
        assert (route["var-service"], route["var-route"]) == ("api", FAILING)
        assert (route["from"], route["to"]) == (overview["from"], overview["to"])

        trace_id, times = walk.open_trace()
        assert _milliseconds(times["from"]) == int(overview["from"])
        assert times["to"] == overview["to"]

        lines = walk.open_lines(trace_id)
        assert FAILING in walk.text()
        assert all(FAILING in line for line in lines)
        assert any("error" in line for line in lines)


def _milliseconds(text: str) -> int:
    """Return a time of an address of Explore, which has it in one of two forms."""
    return int(text) if text.isdecimal() else int(datetime.fromisoformat(text).timestamp() * 1000)
