"""The inbox asks a Prometheus or a Mimir that wants a login and a tenant."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.alerting.bodies import a_body, an_alert
from tests.alerting.conftest import an_inbox, settings_in
from tests.alerting.servers import serving
from tests.support.waiting import wait_until


class _Mimir:
    """Answers that it has nothing, and keeps what it was asked with."""

    def __init__(self) -> None:
        self.asked: list[tuple[str | None, str | None]] = []

    def app(self) -> Starlette:
        """Its API, below a path as Mimir's."""
        return Starlette(routes=[Route("/prometheus/api/v1/query", self._query)])

    def _query(self, request: Request) -> JSONResponse:
        head = request.headers
        self.asked.append((head.get("authorization"), head.get("x-scope-orgid")))
        return JSONResponse({"data": {"result": []}})


@pytest.mark.parametrize(
    ("user", "authorization"),
    [("shop", f"Basic {b64encode(b'shop:first').decode()}"), (None, "Bearer first")],
)
def test_a_login_and_a_tenant_are_sent(
    user: str | None, authorization: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read at each request: a new secret needs no restart, and one being written no pause."""
    monkeypatch.setattr("alerting.inbox.composition.SLOS_SECONDS", 0.05)
    secret, mimir = tmp_path / "secret", _Mimir()
    secret.write_text("first\n")
    with serving(mimir.app()) as url:
        settings = settings_in(
            tmp_path,
            prometheus_url=f"{url}/prometheus",
            prometheus_user=user,
            prometheus_secret_file=secret,
            prometheus_tenant="team-a",
        )
        with an_inbox(settings):
            wait_until(lambda: mimir.asked, "a query")
            assert set(mimir.asked) == {(authorization, "team-a")}
            secret.write_text("")
            count = len(mimir.asked)
            wait_until(lambda: len(mimir.asked) > count + 1, "a query while there is no secret")
            assert mimir.asked[-1] == (authorization, "team-a")
            secret.write_text("second")
            wait_until(lambda: mimir.asked[-1][0] != authorization, "the new secret")


@pytest.mark.parametrize(
    ("settings", "text", "reason"),
    [
        ({"prometheus_user": "shop"}, "x", "needed for the password of INBOX_PROMETHEUS_USER"),
        ({"prometheus_user": "a:b", "has_file": True}, "x", "prometheus_user"),
        ({"has_file": True}, "", "INBOX_PROMETHEUS_SECRET_FILE: .*one secret on one line"),
    ],
)
def test_what_cannot_be_sent_stops_the_start(
    settings: dict[str, Any], text: str, reason: str, tmp_path: Path
) -> None:
    """With the variable that is wrong."""
    secret = tmp_path / "secret"
    secret.write_text(text)
    if settings.pop("has_file", False):
        settings["prometheus_secret_file"] = secret
    with (
        pytest.raises((SystemExit, ValueError), match=reason),
        an_inbox(settings_in(tmp_path, prometheus_url="http://127.0.0.1:9", **settings)),
    ):
        pass


def test_links_name_the_data_source_that_there_is(tmp_path: Path) -> None:
    """Its uid is the team's where Grafana is not ours."""
    settings = settings_in(
        tmp_path, grafana_url="http://grafana.example", logs_source_uid="team-logs"
    )
    with an_inbox(settings) as inbox:
        inbox.post(a_body(an_alert()))
        assert "%22datasource%22%3A%22team-logs%22" in inbox.client.get("/episodes/1").text
