"""What is held back, as the page shows it, from the one list that the inbox asks for."""

from collections import Counter
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.alerting.bodies import a_body, an_alert
from tests.alerting.conftest import Inbox, an_inbox, settings_in
from tests.alerting.servers import serving
from tests.support.waiting import wait_until

_SILENCE = {
    "id": "s1",
    "matchers": [{"name": "service", "value": "api", "isRegex": False}],
    "startsAt": "2026-01-01T00:00:00Z",
    "endsAt": "2999-01-01T00:00:00Z",
    "createdBy": "Ada",
    "status": {"state": "active"},
}
_LISTED = {
    "fingerprint": "f1",
    "labels": {"alertname": "Down", "service": "api"},
    "updatedAt": "2026-01-01T00:00:00Z",
    "status": {"state": "suppressed", "silencedBy": ["s1"], "inhibitedBy": []},
}
_ANSWERS = {
    "alerts": [_LISTED],
    "silences": [_SILENCE],
    "status": {"uptime": "2026-01-01T00:00:00Z"},
    "receivers": [{"name": "inbox"}],
}
_PAGES = ("/", "/incidents/1", "/episodes/1")


def test_alertmanager_is_asked_once_for_what_fires_and_what_is_held_back(tmp_path: Path) -> None:
    """Its list may have ten thousand alerts; and a silence can be made where one is known."""
    asked: Counter[str] = Counter()

    def answer(request: Request) -> Response:
        name = request.path_params["name"]
        asked[name] += 1
        return JSONResponse(_ANSWERS[name])

    app = Starlette(routes=[Route("/api/v2/{name}", answer)])
    with (
        serving(app) as url,
        an_inbox(settings_in(tmp_path, alertmanager_url=url, reconcile_seconds=0.05)) as inbox,
    ):
        inbox.post(a_body(an_alert("f1")))
        wait_until(lambda: "by Ada" in inbox.client.get("/").text, "the silence is shown")
        wait_until(lambda: asked["status"] > 3, "it is asked some more")
        assert all("/silences/new" in inbox.client.get(path).text for path in _PAGES)
    # One round may have been cut off when the inbox ended.
    assert asked["alerts"] - asked["status"] in {0, 1}


@pytest.mark.parametrize("path", _PAGES)
def test_without_an_alertmanager_no_silence_is_offered(inbox: Inbox, path: str) -> None:
    """The page would only say that nobody is there to ask."""
    inbox.post(a_body())
    page = inbox.client.get(path)
    assert page.status_code == 200
    assert "/silences/new" not in page.text
