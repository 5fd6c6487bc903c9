"""The page in a real browser, as wide as a phone."""

from pathlib import Path

import pytest

from tests.alerting.bodies import a_body, an_alert
from tests.alerting.browser import browsing
from tests.alerting.conftest import Inbox
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


def test_an_alert_appears_on_the_open_page(fresh_inbox: Inbox, tmp_path: Path) -> None:
    """Live, without a reload, fitting, keeping what is being typed; nothing breaks the policy."""
    fresh_inbox.post(a_body(an_alert("f1")))
    with browsing(tmp_path) as page:
        size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
        page.call("Emulation.setDeviceMetricsOverride", **size)
        page.call("Page.navigate", url=fresh_inbox.url)
        live = 'document.getElementById("link")?.textContent == "live"'
        wait_until(lambda: page.evaluate(live), "the page is live")
        page.evaluate('document.getElementById("actions-1").open = true')
        page.evaluate('document.getElementById("text-1").value = "half a sen"')
        fresh_inbox.post(a_body(an_alert("f2", labels={"alertname": "<b>Second</b>"})))
        wait_until(
            lambda: page.evaluate('document.querySelectorAll(".card").length') == 2,
            "the second alert",
        )
        assert page.evaluate('document.getElementById("text-1").value') == "half a sen"
        assert page.evaluate('document.getElementById("actions-1").open') is True
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert page.evaluate("document.title").startswith("2 pages firing")
        assert page.complaints == []
