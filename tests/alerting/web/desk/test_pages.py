"""SLO and service pages over a real Prometheus with a history, and the other pages of the desk."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from alerting.inbox.watch import Slo, SloFigures
from alerting.inbox.web.desk.wanted import find_slo
from tests.alerting.bodies import a_body, an_alert
from tests.alerting.browser import browsing
from tests.alerting.conftest import Inbox, an_inbox, settings_in
from tests.alerting.keyboard import assert_walked
from tests.alerting.prometheus import running_prometheus
from tests.support.waiting import wait_until

_HTML = {"Accept": "text/html,*/*;q=0.8"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    """An inbox beside a Prometheus that has recorded two hours of a service."""
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed")
    folder = tmp_path_factory.mktemp("desk")
    with running_prometheus(tmp_path_factory.mktemp("prometheus")) as url:
        settings = settings_in(folder, prometheus_url=url, prometheus_public_url=url)
        with an_inbox(settings) as inbox:
            wait_until(lambda: "availability" in inbox.client.get("/").text, "the SLOs")
            yield inbox


def _chart(desk: Inbox, address: str) -> dict[str, list[float]]:
    answer = desk.client.get(address)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return {
        line["name"]: [value for value in line["values"] if value is not None]
        for line in content["lines"]
    }


@pytest.mark.integration
def test_the_page_of_an_slo_shows_what_prometheus_has(desk: Inbox) -> None:
    """Budget, burn by tier, history; the charts and the routes come afterwards."""
    page = desk.client.get("/slos/api/availability?range=1h").text
    for piece in (
        "62 %",
        "only 2 h",
        "1h: <b>16\N{MULTIPLICATION SIGN}</b>",
        "5m: <b>0.3\N{MULTIPLICATION SIGN}</b>",
        "Fast",
        "14.4\N{MULTIPLICATION SIGN}",
    ):
        assert piece in page, piece
    sources = re.findall(r'data-source="([^"]+)"', page)
    assert len(sources) == 5
    charts = {
        source.split("/")[3]: _chart(desk, source.replace("&amp;", "&")) for source in sources
    }
    assert max(charts["burn"]["burn rate"]) == pytest.approx(20)
    assert charts["budget"]["left"][-1] == pytest.approx(0.62, abs=0.01)
    assert charts["requests"]["events"][-1] == pytest.approx(12)
    assert max(charts["errors"]["bad"]) == pytest.approx(0.24, rel=0.01)
    assert 0.25 < charts["latency"]["p99"][-1] <= 1
    (part,) = re.findall(r'data-part="([^"]+)"', page)
    routes = desk.client.get(part.replace("&amp;", "&")).text
    assert re.findall(r'<th scope="row">([^<]+)</th>', routes)[0] == "POST /users"
    assert "10 %" in routes


@pytest.mark.integration
def test_the_page_of_a_service_shows_requests_slos_and_incidents(desk: Inbox) -> None:
    """Of this service, and of no other."""
    desk.forget()
    desk.post(a_body(an_alert("a"), an_alert("b", labels={"service": "shop"})))
    page = desk.client.get("/services/api?range=1h").text
    assert page.count('href="/incidents/') == 1
    assert page.count('class="slo good"') == 2
    charts = [
        _chart(desk, source.replace("&amp;", "&"))
        for source in re.findall(r'data-source="([^"]+)"', page)
    ]
    assert [next(iter(chart)) for chart in charts] == ["requests", "5xx", "p50"]
    assert charts[0]["requests"][-1] == pytest.approx(11.5, rel=0.02)
    assert charts[1]["5xx"][-1] == pytest.approx(0.2, rel=0.02)


@pytest.mark.integration
def test_a_chart_in_the_browser(desk: Inbox, tmp_path: Path) -> None:
    """Drawn under the policy, on a phone; a refresh of the living part leaves it alone.

    And by keyboard, as each page with figures.
    """
    desk.forget()
    desk.post(a_body(an_alert("a")))
    with browsing(tmp_path) as page:
        size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
        page.call("Emulation.setDeviceMetricsOverride", **size)
        page.call("Page.navigate", url=f"{desk.url}/slos/api/availability?range=1h")
        drawn = 'document.querySelectorAll(".chart-box canvas").length'
        wait_until(lambda: page.evaluate(drawn) == 5, "five charts")
        wait_until(
            lambda: page.evaluate('document.querySelectorAll(".routes tbody tr").length') == 3,
            "the routes",
        )
        page.evaluate("document.querySelector('canvas').id = 'kept'")
        page.evaluate("document.querySelector('#live h1').id = 'gone'")
        page.evaluate("refresh()")
        wait_until(lambda: page.evaluate("document.getElementById('gone') === null"), "a refresh")
        assert page.evaluate("document.getElementById('kept') !== null")
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.call("Emulation.setFocusEmulationEnabled", enabled=True)
        for path in ("/services/api?range=1h", "/now/api", "/slos/api/availability?range=1h"):
            page.call("Page.navigate", url=f"{desk.url}{path}")
            wait_until(lambda: page.evaluate("refresh !== undefined"), "the page's script")
            assert_walked(page)
        assert page.complaints == []


@pytest.mark.parametrize(
    "address",
    [
        "/charts/slo/burn/api/nothing",
        "/charts/slo/up/api/availability",
        "/charts/service/burn/api",
        "/routes/slo/api/nothing",
    ],
)
@pytest.mark.integration
def test_what_is_no_chart_is_not_asked_for(desk: Inbox, address: str) -> None:
    """The client names a chart of an SLO that there is, and nothing else."""
    assert desk.client.get(address).status_code == 404


def test_names_with_slashes_are_found() -> None:
    """Wherever one name ends and the other begins; what fits twice is not guessed."""
    slos = tuple(
        Slo((service,), name)
        for service, name in (("a/b", "c/d"), ("a", "b"), ("x", "y/z"), ("x/y", "z"))
    )
    figures = SloFigures(slos)
    request = Request({"type": "http", "query_string": b"", "headers": []})
    expected = {"a/b/c/d": slos[0], "a/b": slos[1], "a/b/c": None, "x/y/z": None}
    for address, found in expected.items():
        service, _, name = address.partition("/")
        assert find_slo(request, service, name, figures) is found, address


@pytest.mark.integration
def test_an_unknown_slo_shows_those_that_there_are(desk: Inbox) -> None:
    """With a way to each."""
    answer = desk.client.get("/slos/api/nothing")
    assert answer.status_code == 404
    assert 'href="/slos/api/availability"' in answer.text
    assert 'href="/slos/api/latency"' in answer.text


def test_without_prometheus_charts_say_so_and_pages_come_at_once(tmp_path: Path) -> None:
    """The pages themselves ask nobody."""
    with an_inbox(settings_in(tmp_path, prometheus_url="http://127.0.0.1:9")) as inbox:
        assert "does not answer" in inbox.client.get("/charts/service/requests/api").json()["error"]
        assert "does not answer" in inbox.client.get("/routes/service/api").text
        assert inbox.client.get("/services/api").status_code == 200
        assert inbox.client.get("/slos/api/availability").status_code == 404


def test_the_past_is_paged_by_address(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Newest first, of one service or of all; hostile names stay text."""
    monkeypatch.setattr("alerting.inbox.web.desk.history._A_PAGE", 2)
    hostile = "<script>alert(1)</script>"
    for number, service in enumerate(("api", "shop", hostile, "host")):
        inbox.post(a_body(an_alert(str(number), labels={"service": service})))
    first = inbox.client.get("/history").text
    assert re.findall(r'href="/incidents/(\d+)"', first) == ["4", "3"]
    (older,) = re.findall(r'href="([^"]+)" rel="next"', first)
    second = inbox.client.get(older.replace("&amp;", "&")).text
    assert re.findall(r'href="/incidents/(\d+)"', second) == ["2", "1"]
    assert 'rel="next"' not in second
    of_shop = inbox.client.get("/history", params={"service": "shop"}).text
    assert re.findall(r'href="/incidents/(\d+)"', of_shop) == ["2"]
    of_hostile = inbox.client.get("/history", params={"service": hostile}).text
    assert re.findall(r'href="/incidents/(\d+)"', of_hostile) == ["3"]
    assert "<script>alert" not in first + of_hostile


def test_a_runbook_is_a_page_for_a_browser_and_text_for_a_program(inbox: Inbox) -> None:
    """With what fires of it; its words stay in place while that is refreshed."""
    inbox.post(a_body(an_alert(labels={"alertname": "Watchdog2"})))
    inbox.post(a_body(an_alert("f2", labels={"alertname": "ServiceDown"})))
    page = inbox.client.get("/runbooks/ServiceDown", headers=_HTML)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Fires now" in page.text
    assert "<h2>What the user feels</h2>" in page.text
    living = page.text.split('<main id="live"')[1].split("</main>")[0]
    assert "What the user feels" not in living
    (part,) = re.findall(r'data-fragment="([^"]+)"', page.text)
    assert "Fires now" in inbox.client.get(part).text
    plain = inbox.client.get("/runbooks/ServiceDown.md", headers=_HTML)
    assert plain.headers["content-type"] == "text/plain; charset=utf-8"
    assert "does not fire now" in inbox.client.get("/runbooks/DiskFilling", headers=_HTML).text


def test_a_runbook_asks_about_the_service_whose_alert_fires(inbox: Inbox) -> None:
    """Where several fire, a person chooses; links of alerts say which it is."""
    down = {"alertname": "ServiceDown", "service": "shop"}
    inbox.post(a_body(an_alert(labels=down)))
    page = inbox.client.get("/runbooks/ServiceDown", headers=_HTML).text
    assert "The queries ask about <b>shop</b>." in page
    assert "up{job=&#34;shop&#34;}" in page
    inbox.post(a_body(an_alert("f2", labels={**down, "service": "blog"})))
    page = inbox.client.get("/runbooks/ServiceDown", headers=_HTML).text
    assert "Whom shall the queries ask about?" in page
    (chosen,) = re.findall(r'href="(/runbooks/ServiceDown\?service=blog)"', page)
    assert "up{job=&#34;blog&#34;}" in inbox.client.get(chosen, headers=_HTML).text


def test_every_page_has_the_policy_and_one_of_the_places_is_here(inbox: Inbox) -> None:
    """Scripts and styles are the inbox' own files; the library comes with its licence."""
    places = ("/silences", "/history", "/health")
    for path in (*places, "/services/api", "/slos/api/x"):
        answer = inbox.client.get(path)
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert answer.text.count('aria-current="page"') == (path in places)
        for asset in re.findall(r'(?:src|href)="(/assets/[^"]+)"', answer.text):
            assert inbox.client.get(asset).status_code == 200, asset
    licence = inbox.client.get("/assets/vendor/uPlot.LICENSE")
    assert "MIT License" in licence.text
    assert inbox.client.get("/assets/..%2flayout.py").status_code == 404
