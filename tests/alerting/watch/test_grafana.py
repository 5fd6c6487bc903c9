"""Links to Grafana follow whether it answers."""

import contextlib
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import RedirectResponse
from starlette.routing import Route

from tests.alerting.bodies import a_body, an_alert
from tests.alerting.conftest import an_inbox, settings_in
from tests.alerting.servers import serving
from tests.support.waiting import wait_until

_GRAFANA = [Route("/api/health", lambda _: RedirectResponse("/grafana/api/health"))]


def test_links_lead_to_grafana_while_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A redirect is an answer; once it is dead, its links are gone and all others stay."""
    monkeypatch.setattr("alerting.inbox.composition._GRAFANA_SECONDS", 0.05)
    public = "http://localhost:3000"
    annotations = {"dashboard_url": f"{public}/d/x", "runbook_url": "http://x/runbooks/Watchdog"}
    with contextlib.ExitStack() as grafana:
        url = grafana.enter_context(serving(Starlette(routes=_GRAFANA)))
        settings = settings_in(tmp_path, grafana_url=public, grafana_internal_url=url)
        with an_inbox(settings) as inbox:
            inbox.post(a_body(an_alert(labels={"slo": "x"}, annotations=annotations)))

            def names() -> list[str]:
                return [link["name"] for link in inbox.client.get("/alerts/1").json()["links"]]

            assert names() == ["Runbook", "SLO", "Dashboard", "Logs", "Traces", "Query"]
            assert public in inbox.client.get("/services/api").text
            grafana.close()
            wait_until(lambda: names() == ["Runbook", "SLO", "Query"], "no dead links")
            assert public not in inbox.client.get("/services/api").text
