"""A real browser that is logged in, on a hostile page and under a rebound name."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tests.alerting.browser import Page, browsing
from tests.compose.servers import running_app
from tests.door.doors import PARTS, Door, running_door
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="not installed: chromium"),
]

_EVIL = "evil.example.org"
# What a page may try without asking first, and what it has to ask for.
_TRIES = """(async () => {
  const found = [];
  for (const [url, options] of %s) {
    try {
      const answer = await fetch(url, {credentials: 'include', ...options});
      found.push(answer.type === 'opaque' ? 'opaque' : String(answer.status));
    } catch (error) { found.push('refused'); }
  }
  return found.join(' ');
})()"""


async def _hostile(_: Request) -> Response:
    return HTMLResponse("<title>free kittens</title>")


@dataclass(frozen=True)
class Visit:
    """A browser that has opened the login link, and the hostile site's port."""

    page: Page
    door: Door
    port: int

    def open(self, url: str) -> None:
        """Go to an address, by a script of the page that is shown."""
        self.page.call("Page.navigate", url=url)
        shown = "document.readyState === 'complete' && location.href"
        wait_until(lambda: self.page.evaluate(shown) == url, url)

    def run(self, tries: str) -> str:
        """Return what became of each request of a script on the page that is shown."""
        call = {"expression": _TRIES % tries, "awaitPromise": True}
        return str(self.page.call("Runtime.evaluate", **call)["result"]["value"])


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """The link is opened, and lets the browser in."""
    folder = tmp_path_factory.mktemp("visit")
    rules = f"--host-resolver-rules=MAP {_EVIL} 127.0.0.1"
    site = Starlette(routes=[Route("/", _hostile)])
    with (
        running_door(folder) as door,
        running_app(site) as port,
        browsing(folder, rules) as page,
    ):
        link = (door.secrets / "door_links").read_text().split()[1]
        page.call("Page.navigate", url=link)
        home = f"http://{door.host}/"
        shown = "document.readyState === 'complete' && location.href"
        wait_until(lambda: page.evaluate(shown) == home, "the link leads on")
        assert "GET /" in door.arrived
        yield Visit(page, door, port)


def _tries(door: Door, base: str) -> str:
    """Return each part's address with plain requests, ones that need CORS, and a form's."""
    options = (
        "{}", "{mode: 'no-cors'}", "{method: 'POST', mode: 'no-cors', body: '{}'}",
        "{method: 'POST', body: '{}', headers: {'Content-Type': 'application/json'}}",
        "{method: 'DELETE'}",
    )  # fmt: skip
    paths = [path for _, path in PARTS.values()]
    assert len(paths) == len(set(paths)) == 4
    assert door.port
    return "[" + ",".join(f"['{base}{path}', {each}]" for path in paths for each in options) + "]"


@pytest.mark.parametrize("name", [_EVIL, "127.0.0.1", "localhost"])
def test_a_hostile_page_reads_and_changes_nothing(visit: Visit, name: str) -> None:
    """On another site, and at another port of this machine, which sends the cookie along."""
    visit.open(f"http://{name}:{visit.port}/")
    visit.door.arrived.clear()
    found = visit.run(_tries(visit.door, f"http://{visit.door.host}")).split()
    assert len(found) == 20
    # An opaque answer is one that the page cannot see; it is the refusal.
    assert set(found) <= {"refused", "opaque"}
    assert visit.door.arrived == []


def test_a_rebound_name_is_not_the_doors(visit: Visit) -> None:
    """The page's own name leads to the door; to the browser that is one origin."""
    visit.open(f"http://{_EVIL}:{visit.door.port}/")
    assert "not the door's" in str(visit.page.evaluate("document.body.innerText"))
    visit.door.arrived.clear()
    found = visit.run(_tries(visit.door, "")).split()
    assert set(found) <= {"421", "opaque"}
    assert visit.door.arrived == []


def test_a_hostile_page_shows_nothing_in_a_frame(visit: Visit) -> None:
    """A click that is meant for something else would go there."""
    visit.open(f"http://{_EVIL}:{visit.port}/")
    visit.door.arrived.clear()
    frame = (
        "window.f = document.createElement('iframe'); f.onload = () => { window.is_done = true };"
        f"f.src = 'http://{visit.door.host}/alerts'; document.body.append(f)"
    )
    visit.page.evaluate(frame)
    wait_until(lambda: visit.page.evaluate("window.is_done") is True, "the frame")
    assert visit.door.arrived == []


def test_a_link_on_any_page_leads_in(visit: Visit) -> None:
    """From a chat to an incident, without another login."""
    visit.open(f"http://{_EVIL}:{visit.port}/")
    visit.door.arrived.clear()
    url = f"http://{visit.door.host}/incidents/7"
    visit.page.evaluate(f"location.href = '{url}'")
    shown = "document.readyState === 'complete' && location.href"
    wait_until(lambda: visit.page.evaluate(shown) == url, "the link")
    assert "GET /incidents/7" in visit.door.arrived


def test_our_own_page_does_all_of_it(visit: Visit) -> None:
    """Of the same tries none is refused there."""
    visit.open(f"http://{visit.door.host}/alerts")
    found = visit.run(_tries(visit.door, "")).split()
    assert set(found) == {"200"}
