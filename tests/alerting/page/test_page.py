"""The page for people."""

import contextlib
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.alerting.bodies import WATCHDOG_LABELS, ZERO_TIME, a_body, an_alert
from tests.alerting.conftest import Inbox, an_inbox, settings_in
from tests.alerting.servers import serving
from tests.support.waiting import wait_until

_SERIES = {
    "slo:objective:ratio": 0.999,
    "slo:period_error_budget_remaining:ratio": 0.41,
    "slo:current_burn_rate:ratio": 18.2,
    "slo:time_period:days": 30,
    "slo:sli_series:count": 4,
}
_SLO = {"service": "api", "slo": "availability"}


def _instant(_request: Request) -> JSONResponse:
    now = time.time()
    result: list[dict[str, Any]] = [
        {"metric": _SLO | {"__name__": name}, "value": [now, str(value)]}
        for name, value in _SERIES.items()
    ]
    result.append({"metric": {"__name__": "slo:objective:ratio"}, "value": [now, "NaN"]})
    return JSONResponse({"status": "success", "data": {"result": result}})


def _range(_request: Request) -> JSONResponse:
    now = time.time()
    values = [[now - 86_400 * day, str(1 - 0.02 * (30 - day))] for day in range(30, 0, -1)]
    return JSONResponse({"data": {"result": [{"metric": _SLO, "values": values}]}})


_PROMETHEUS = [Route("/api/v1/query", _instant), Route("/api/v1/query_range", _range)]


def _front_with(inbox: Inbox, piece: str) -> str:
    """Return the front page once it says this; Prometheus is read beside it."""
    wait_until(lambda: piece in inbox.client.get("/").text, piece)
    return inbox.client.get("/").text


@pytest.fixture(scope="module")
def watching_inbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    """An inbox that can ask a Prometheus."""
    folder = tmp_path_factory.mktemp("watching")
    with serving(Starlette(routes=_PROMETHEUS)) as prometheus_url:
        settings = settings_in(
            folder, prometheus_url=prometheus_url, grafana_url="http://localhost:3000/"
        )
        with an_inbox(settings) as inbox:
            yield inbox


def test_shows_what_fires_with_burn_and_budget(watching_inbox: Inbox) -> None:
    """And the ways on: runbook, dashboard, logs, traces."""
    watching_inbox.forget()
    annotations = {
        "summary": "Too many errors.",
        "runbook_url": "http://localhost:8090/runbooks/Watchdog",
        "dashboard_url": "http://localhost:3000/d/x",
    }
    watching_inbox.post(a_body(an_alert(labels={"slo": "availability"}, annotations=annotations)))
    page = _front_with(watching_inbox, "<polyline")
    for piece in (
        "1 page firing",
        "HighErrors · api availability",
        "18\N{MULTIPLICATION SIGN}",
        "41 %",
        "99.9 %",
        "<polyline",
        'href="/runbooks/Watchdog?service=api"',
        'href="http://localhost:3000/d/x?from=',
        "http://localhost:3000/explore?left=%7B%22datasource%22%3A",
        "http://localhost:3000/d/burnrate-traces?var-service=api&amp;from=",
        ">Traces<",
    ):
        assert piece in page, piece
    names = [link["name"] for link in watching_inbox.client.get("/alerts/1").json()["links"]]
    assert names == ["Runbook", "SLO", "Dashboard", "Logs", "Traces", "Query"]


def test_a_title_has_all_labels_that_name_a_service(tmp_path: Path) -> None:
    """Production and staging of one service are told apart, in the links as well."""
    grafana = "http://localhost:3000"
    settings = settings_in(tmp_path, identity_labels="cluster,service", grafana_url=grafana)
    with an_inbox(settings) as inbox:
        inbox.post(a_body(an_alert(labels={"cluster": "staging", "slo": "availability"})))
        page = inbox.client.get("/").text
    assert "HighErrors · staging api availability" in page
    assert "/d/burnrate-traces?var-cluster=staging&amp;var-service=api&amp;" in page


def test_no_link_leads_to_a_grafana_that_is_not_there(tmp_path: Path) -> None:
    """At night a dead link costs minutes; what is elsewhere stays."""
    grafana = "http://localhost:3000"
    settings = settings_in(tmp_path, grafana_url=grafana, has_grafana=False)
    annotations = {
        "dashboard_url": f"{grafana}/d/x",
        "trace_url": "http://localhost:30000/x",
        "runbook_url": "http://localhost:8090/runbooks/Watchdog",
    }
    with an_inbox(settings) as inbox:
        alert = an_alert(labels={"slo": "availability"}, annotations=annotations)
        inbox.post(a_body(alert))
        links = inbox.client.get("/alerts/1").json()["links"]
        page = inbox.client.get("/").text
    assert [link["name"] for link in links] == ["Runbook", "SLO", "Traces", "Query"]
    assert f"{grafana}/" not in page


def test_says_when_prometheus_does_not_answer(tmp_path: Path) -> None:
    """With an alert shown all the same, and nothing made up."""
    with an_inbox(settings_in(tmp_path, prometheus_url="http://127.0.0.1:9")) as inbox:
        inbox.post(a_body(an_alert(labels={"slo": "availability"})))
        page = _front_with(inbox, "Prometheus does not answer")
    assert "Prometheus does not answer. The state of the SLOs is unknown." in page
    assert "1 page firing" in page
    assert "unknown" in page


def test_shows_old_figures_as_old_when_prometheus_dies_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the time they are of; an alert's burn is marked as well."""
    monkeypatch.setattr("alerting.inbox.composition.SLOS_SECONDS", 0.05)
    with contextlib.ExitStack() as prometheus:
        url = prometheus.enter_context(serving(Starlette(routes=_PROMETHEUS)))
        with an_inbox(settings_in(tmp_path, prometheus_url=url)) as inbox:
            inbox.post(a_body(an_alert(labels={"slo": "availability"})))
            fresh = _front_with(inbox, "41 %")
            prometheus.close()
            old = _front_with(inbox, "Prometheus does not answer")
    assert "(old)" not in fresh
    assert "Prometheus does not answer. These figures are from <time" in old
    assert "18\N{MULTIPLICATION SIGN} (old)" in old
    assert "41 % (old)" in old
    assert '<ul class="slos old">' in old
    assert "<b>Prometheus</b> does not answer" in old


def test_says_that_it_is_blind(tmp_path: Path) -> None:
    """A late watchdog is the headline, whatever fires or does not."""
    with an_inbox(settings_in(tmp_path, watchdog_late_seconds=0.05)) as inbox:
        blind = "Blind: alerts are not arriving"
        wait_until(lambda: blind in inbox.client.get("/").text, "the headline")
        assert inbox.metric("inbox_watchdog_late") == 1


def test_quiet_is_said_only_while_the_watchdog_arrives(fresh_inbox: Inbox) -> None:
    """Silence alone is not health."""
    assert "as far as is known" in fresh_inbox.client.get("/").text
    fresh_inbox.post(a_body(an_alert(labels=WATCHDOG_LABELS)))
    page = fresh_inbox.client.get("/").text
    assert "<h1>Nothing is firing</h1>" in page
    assert "Firing now" not in page


@pytest.mark.parametrize("path", ["/", "/incidents/1", "/episodes/1"])
def test_a_description_says_from_when_it_is(inbox: Inbox, path: str) -> None:
    """Its figures are as old as the delivery, beside others that are live."""
    inbox.post(a_body(an_alert(annotations={"description": "Budget left: 61 %."})))
    (alert,) = inbox.alerts()
    page = inbox.client.get(path).text
    received_at = datetime.fromisoformat(alert["lastReceivedAt"]).isoformat()
    assert f'Budget left: 61 %. <span class="sent">(sent <time datetime="{received_at}"' in page


@pytest.mark.parametrize("path", ["/", "/fragment", "/episodes/1", "/episodes/1/fragment"])
def test_a_senders_text_is_never_markup(inbox: Inbox, path: str) -> None:
    """Nor a link that runs something; and the policy would let nothing inline run anyway."""
    evil = "<script>alert(1)</script>\"'><img src=x>{0}{{ 7 * 7 }}{% raw %}"
    texts = {"summary": evil, "description": evil, "dashboard_url": "javascript:alert(1)",
             "runbook_url": "data:text/html,x"}  # fmt: skip
    alert = an_alert(labels={"alertname": evil, "service": evil, "severity": evil},
                     annotations=texts) | {"generatorURL": "javascript:x"}  # fmt: skip
    inbox.post(a_body(alert))
    answer = inbox.client.get(path)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text
    assert "{{ 7 * 7 }}{% raw %}" in answer.text
    assert 'href="javascript' not in answer.text
    assert 'href="data' not in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/assets/inbox.css", 200, "text/css; charset=utf-8"),
        ("/assets/inbox.js", 200, "text/javascript; charset=utf-8"),
        ("/assets/icon.svg", 200, "image/svg+xml"),
        ("/assets/..%2flayout.py", 404, "application/json"),
        ("/assets/..%2ftemplates%2fpage.html", 404, "application/json"),
        ("/episodes/1", 404, "text/html; charset=utf-8"),
    ],
)
def test_the_pages_own_files(inbox: Inbox, path: str, status: int, kind: str) -> None:
    """Served from here, and nothing beside them."""
    answer = inbox.client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, kind)


def test_the_first_and_the_last_year_have_a_page(inbox: Inbox) -> None:
    """Times that are legal for Alertmanager must not break what people look at."""
    inbox.post(a_body(an_alert(starts_at="0001-01-01T00:00:00Z", ends_at="9999-12-31T23:59:59Z")))
    assert [inbox.client.get(path).status_code for path in ("/", "/alerts/1", "/episodes/1")] == [
        200,
        200,
        200,
    ]


def test_what_a_service_depends_on_may_be_the_cause(tmp_path: Path) -> None:
    """Its alerts from ten minutes before on; nothing older, and nothing of others."""

    def instant(_request: Request) -> JSONResponse:
        metric = {"__name__": "slo:depends_on:info", "service": "api", "depends_on": "billing"}
        jobs = {"__name__": "slo:service_jobs:info", "service": "api", "service_job": "web"}
        result = [
            {"metric": metric, "value": [time.time(), "1"]},
            {"metric": jobs, "value": [time.time(), "1"]},
            {"metric": _SLO | {"__name__": "slo:objective:ratio"}, "value": [time.time(), "0.9"]},
        ]
        return JSONResponse({"data": {"result": result}})

    routes = [Route("/api/v1/query", instant), Route("/api/v1/query_range", _range)]
    with (
        serving(Starlette(routes=routes)) as url,
        an_inbox(settings_in(tmp_path, prometheus_url=url)) as inbox,
    ):
        inbox.post(a_body(an_alert("f1", starts_at="2026-11-24T10:00:00Z")))
        for fingerprint, service, starts_at, ends_at in (
            ("f2", "billing", "2026-11-24T09:58:00Z", ZERO_TIME),
            ("f3", "billing", "2026-11-24T09:40:00Z", "2026-11-24T09:55:00Z"),
            ("f4", "billing", "2026-11-24T09:30:00Z", "2026-11-24T09:45:00Z"),
            ("f5", "shop", "2026-11-24T09:58:00Z", ZERO_TIME),
        ):
            labels = {"alertname": f"Down{fingerprint}", "service": service}
            alert = an_alert(fingerprint, starts_at=starts_at, ends_at=ends_at, labels=labels)
            inbox.post(a_body(alert))
        wait_until(
            lambda: "Probable cause" in inbox.client.get("/incidents/1").text, "Prometheus is read"
        )
        page = inbox.client.get("/incidents/1").text
        runbook = inbox.client.get("/runbooks/ServiceDown", headers={"Accept": "text/html"}).text
        causes = page[page.index("Probable cause") : page.index("<h2>Timeline")]
    # A runbook of which nothing fires asks about the only service with objectives, by its job.
    assert "up{job=&#34;web&#34;}" in runbook
    assert [name in causes for name in ("Downf2", "Downf3", "Downf4", "Downf5")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert causes.index("Downf2") < causes.index("Downf3")
