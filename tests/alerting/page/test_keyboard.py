"""The pages by keyboard alone, in a real browser, and the notification that somebody asks for."""

from collections.abc import Iterator

import pytest

from tests.alerting.bodies import a_body, an_alert
from tests.alerting.browser import Page, browsing
from tests.alerting.conftest import Inbox
from tests.alerting.keyboard import assert_walked, press
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


def _open(page: Page, url: str) -> None:
    page.call("Page.navigate", url=url)
    wait_until(
        lambda: page.evaluate('document.getElementById("link")?.textContent') == "live", "live"
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One browser for all tests here: its start takes longer than they do."""
    with browsing(tmp_path_factory.mktemp("browser")) as page:
        page.call("Emulation.setFocusEmulationEnabled", enabled=True)
        yield page


@pytest.mark.parametrize(
    "path", ["/", "/incidents/1", "/episodes/1", "/history", "/health", "/runbooks/ServiceDown"]
)
def test_every_page_is_walked_by_keyboard(inbox: Inbox, page: Page, path: str) -> None:
    """In the order of the page, without a trap; the focus is always seen."""
    inbox.post(a_body(an_alert("f1", labels={"alertname": "ServiceDown"})))
    page.call("Page.navigate", url=f"{inbox.url}{path}")
    assert_walked(page)


def test_the_focus_and_the_filter_stay_while_the_page_changes(inbox: Inbox, page: Page) -> None:
    """Also on what has no id; the skip link leads past the navigation, and Enter sends a form."""
    inbox.post(a_body(an_alert("f1", labels={"alertname": "First"})))
    _open(page, f"{inbox.url}/?service=api")
    press(page, "Tab")
    press(page, "Enter")
    assert page.evaluate("document.activeElement.id") == "live"
    page.evaluate("""document.querySelector('.card a[href="/episodes/1"]').focus()""")
    inbox.post(a_body(an_alert("f2", labels={"alertname": "Other", "service": "shop"})))
    inbox.post(a_body(an_alert("f3", labels={"alertname": "Second"})))
    wait_until(
        lambda: page.evaluate('document.querySelector("h1").textContent') == "3 pages firing",
        "the headline of all",
    )
    assert page.evaluate('document.querySelectorAll(".card").length') == 2
    assert page.evaluate("document.activeElement.textContent").startswith("First")
    page.evaluate('document.getElementById("filter").open = true')
    page.evaluate('document.getElementById("filter-q").focus()')
    page.call("Input.insertText", text="second")
    press(page, "Enter")
    wait_until(lambda: "q=second" in (page.evaluate("location.search") or ""), "the form is sent")
    wait_until(
        lambda: page.evaluate('document.querySelectorAll(".card").length') == 1, "what matches"
    )


def test_a_browser_notifies_on_request(inbox: Inbox, page: Page) -> None:
    """Of what is new and worse; the icon and the title of every page say it without."""
    page.call("Browser.grantPermissions", permissions=["notifications"], origin=inbox.url)
    inbox.post(a_body(an_alert("f1", labels={"severity": "ticket"})))
    _open(page, f"{inbox.url}/history")
    page.evaluate("""
        said = [];
        window.Notification = class { static permission = "granted";
            static requestPermission = async () => "granted";
            constructor(title, options) { said.push(title); } };
        badges = [];
        navigator.setAppBadge = async (number) => { badges.push(number); };
        look();
    """)
    wait_until(lambda: page.evaluate("glance?.tickets") == 1, "the verdict is known")
    inbox.post(a_body(an_alert("f2")))
    page.evaluate("look()")
    wait_until(lambda: page.evaluate("glance.pages") == 1, "the page is known")
    assert page.evaluate("said.join()") == ""
    assert page.evaluate("document.title").startswith("(1) ")
    assert page.evaluate("icon.href").endswith("/assets/icon-page.svg")
    page.evaluate("bell.click()")
    wait_until(lambda: page.evaluate("bell.textContent") == "Notifying", "the bell is on")
    assert page.evaluate("badges.at(-1)") == 1
    inbox.post(a_body(an_alert("f3")))
    page.evaluate("look()")
    # Its own look and that of the stream may both say it: the browser shows one, by their tag.
    wait_until(lambda: page.evaluate('said.includes("2 pages firing")'), "it is said")
