"""The page in a real browser, as wide as a phone."""

import contextlib
import signal
from pathlib import Path

import pytest

from tests.alerting.bodies import a_body, an_alert
from tests.alerting.browser import Page, another_tab, browsing
from tests.alerting.conftest import Inbox
from tests.alerting.servers import InboxProcess
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


def _is_fresh(page: Page) -> bool:
    words = page.evaluate('document.getElementById("link")?.textContent')
    return words in {"live", "asking every 15 s"}


@pytest.mark.parametrize("has_locks", [True, False])
def test_seven_tabs_do_not_freeze_each_other(
    fresh_inbox: Inbox, tmp_path: Path, *, has_locks: bool
) -> None:
    """A browser has six connections to a server; each tab still learns of a new alert.

    Also at an address without https that is not this machine's, where browsers have no locks.
    """
    with browsing(tmp_path) as first, contextlib.ExitStack() as stack:
        tabs = [first]
        tabs += [stack.enter_context(another_tab(tmp_path, "about:blank")) for _ in range(6)]
        for tab in tabs:
            # All are looked at, as windows side by side are.
            tab.call("Emulation.setFocusEmulationEnabled", enabled=True)
            tab.call("Page.enable")
            if not has_locks:
                forget = "delete Navigator.prototype.locks"
                tab.call("Page.addScriptToEvaluateOnNewDocument", source=forget)
            tab.call("Page.navigate", url=fresh_inbox.url)
        for tab in tabs:
            wait_until(lambda tab=tab: _is_fresh(tab), "a tab is fresh")  # type: ignore[misc]
        # A stream that was left is counted until the server notices.
        wait_until(lambda: fresh_inbox.metric("inbox_streams") <= 3, "three tabs follow at most")
        fresh_inbox.post(a_body(an_alert("f1")))
        for tab in tabs:
            wait_until(
                lambda tab=tab: tab.evaluate('document.querySelectorAll(".card").length') == 1,  # type: ignore[misc]
                "the alert is on the tab",
            )


def test_a_hidden_tab_follows_nothing_and_knows_the_verdict(
    fresh_inbox: Inbox, tmp_path: Path
) -> None:
    """It asks for the verdict alone; its title and its icon say it."""
    with browsing(tmp_path) as page:
        page.call("Page.navigate", url=fresh_inbox.url)
        wait_until(lambda: fresh_inbox.metric("inbox_streams") == 1, "the tab follows")
        hide = """
            Object.defineProperty(document, "hidden", {value: true});
            document.dispatchEvent(new Event("visibilitychange"));
        """
        page.evaluate(hide)
        wait_until(lambda: fresh_inbox.metric("inbox_streams") == 0, "the tab has left")
        fresh_inbox.post(a_body(an_alert("f1")))
        page.evaluate("look()")
        wait_until(
            lambda: page.evaluate("document.title") == "1 page firing \N{MIDDLE DOT} Burnrate",
            "the title says it",
        )
        assert page.evaluate("icon.href").endswith("/assets/icon-page.svg")
        assert page.evaluate('document.querySelectorAll(".card").length') == 0


def test_the_age_of_what_is_shown_is_shown(inbox_process: InboxProcess, tmp_path: Path) -> None:
    """And that nobody answers, once nobody does."""
    with browsing(tmp_path) as page:
        page.call("Page.navigate", url=inbox_process.url)
        wait_until(lambda: _is_fresh(page), "the page is live")
        assert page.evaluate('document.getElementById("age").textContent').endswith(" s ago")
        inbox_process.stop(signal.SIGKILL)
        page.evaluate("refresh()")
        words = 'document.getElementById("link").textContent'
        wait_until(
            lambda: "does not answer" in page.evaluate(words) or "Not live" in page.evaluate(words),
            "the page says so",
        )
        page.evaluate("shownAt = performance.now() - 180000; showAge()")
        assert page.evaluate('document.getElementById("age").textContent') == "3 min ago"
