"""Each receiver of NOTIFY, as it is rendered, in a real Alertmanager, against what it speaks to."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from burnrate.configuration import TeamSettings
from burnrate.http_client import HttpClient
from burnrate.notify.errors import NotifyError
from burnrate.notify.trial import Outcome, follow, kinds, send
from burnrate.stack.render.receivers import with_receivers
from tests.alerting.alertmanager import CONFIGURATION, AnyAlertmanager
from tests.alerting.mail_server import MailServer, mail_server
from tests.alerting.receivers import Received, http_receiver
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration  # Alertmanager is a system package
_SECRET = "a-secret-of-the-tests"
_FILE = re.compile(r"/etc/burnrate/secrets/\w+")


def _content(
    settings: dict[str, str],
    folder: Path,
    port: int,
    teams: dict[str, TeamSettings] | None = None,
) -> dict[str, Any]:
    """Return what is rendered: the inbox and PagerDuty are here, secrets too, and nothing waits."""
    secret = folder / "secret"
    hook = f"http://127.0.0.1:{port}/slack"
    # Without a line end: a start takes it off.
    secret.write_text(hook if settings["NOTIFY"] == "slack" else _SECRET)
    text = with_receivers(CONFIGURATION.read_text(), settings, "http://localhost:8090", teams)
    content: dict[str, Any] = yaml.safe_load(_FILE.sub(str(secret), text))
    for route in [content["route"], *content["route"]["routes"]]:
        route |= {"group_wait": "0s", "group_interval": "1s"}
    content["receivers"][0]["webhook_configs"][0]["url"] = f"http://127.0.0.1:{port}/inbox"
    for config in content["receivers"][1].get("pagerduty_configs", []):
        config["url"] = f"http://127.0.0.1:{port}/pagerduty"
    return content


@contextmanager
def _told(folder: Path, port: int, **settings: str) -> Iterator[AnyAlertmanager]:
    server = AnyAlertmanager(folder / "alertmanager", _content(settings, folder, port))
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _tell(server: AnyAlertmanager, arrived: Callable[[], int]) -> None:
    """Have two pages of a service fire and end, and see that each change arrives."""
    steps = [("Slow", False), ("Down", False), ("Slow", True), ("Down", True)]
    for count, (name, has_ended) in enumerate(steps, start=1):
        annotations = {"summary": f"{name}, it is.", "runbook_url": f"http://r/{name}"}
        if has_ended:
            server.resolve(name, annotations=annotations)
        else:
            server.post(alertname=name, annotations=annotations)
        wait_until(lambda count=count: arrived() >= count, f"notification {count}")  # type: ignore[misc]


def _bodies(got: Received, start: str) -> list[dict[str, Any]]:
    return [
        body for path, bodies in got.bodies.items() if path.startswith(start) for body in bodies
    ]


def test_ntfy_gets_what_it_makes_a_message_of(tmp_path: Path) -> None:
    """Title, text and priority are in the address, for ntfy to fill in from the body."""
    with http_receiver() as got:
        address = f"http://127.0.0.1:{got.port}/topic"
        with _told(tmp_path, got.port, NOTIFY="ntfy", NOTIFY_NTFY_URL=address) as server:
            _tell(server, lambda: len(_bodies(got, "/topic")))
    (path,) = (path for path in got.bodies if path.startswith("/topic"))
    fields = {name: value for name, (value,) in parse_qs(urlsplit(path).query).items()}
    assert fields["tpl"] == "1"
    assert fields["priority"] == "5"
    assert fields["click"] == "http://localhost:8090/"
    assert [body["status"] for body in _bodies(got, "/topic")] == ["firing"] * 3 + ["resolved"]
    # The names in the templates are there.
    assert ".groupLabels.service" in fields["title"]
    assert {body["groupLabels"]["service"] for body in _bodies(got, "/topic")} == {"api"}
    assert "{{or .annotations.summary .labels.alertname}}" in fields["message"]
    assert all(
        alert["annotations"]["summary"] for b in _bodies(got, "/topic") for alert in b["alerts"]
    )


def test_slack_is_told_what_fires_and_what_has_ended(tmp_path: Path) -> None:
    """The channel is the webhook's own where none is set."""
    with http_receiver() as got, _told(tmp_path, got.port, NOTIFY="slack") as server:
        _tell(server, lambda: len(got.bodies.get("/slack", [])))
    said = [message["attachments"][0] for message in got.bodies["/slack"]]
    assert [(each["title"], each["color"]) for each in said] == [
        ("api: 1 firing", "danger"),
        ("api: 2 firing", "danger"),
        ("api: 1 firing", "danger"),
        ("api: resolved", "good"),
    ]
    assert "Slow, it is. <http://r/Slow|Runbook>" in said[0]["text"]
    assert {each["title_link"] for each in said} == {"http://localhost:8090/now/api"}
    assert "Resolved: Down, it is." in said[3]["text"]


def test_what_somebody_elses_rule_leaves_out_is_no_hole(tmp_path: Path) -> None:
    """An alert without service, summary and runbook has a title, a text and a link all the same."""
    with http_receiver() as got, _told(tmp_path, got.port, NOTIFY="slack") as server:
        server.post(alertname="Foreign", service="", annotations={"team": "x"})
        wait_until(lambda: bool(got.bodies.get("/slack")), "it is told")
    (said,) = got.bodies["/slack"][0]["attachments"]
    assert (said["title"], said["text"].strip()) == ("no service: 1 firing", "Foreign")
    assert said["title_link"] == "http://localhost:8090/"


def test_pagerduty_has_one_incident_that_ends_with_its_last_alert(tmp_path: Path) -> None:
    """With the way to the inbox."""
    with http_receiver() as got, _told(tmp_path, got.port, NOTIFY="pagerduty") as server:
        _tell(server, lambda: len(got.bodies.get("/pagerduty", [])))
    events = got.bodies["/pagerduty"]
    assert [each["event_action"] for each in events] == ["trigger"] * 3 + ["resolve"]
    assert len({each["dedup_key"] for each in events}) == 1
    assert {each["routing_key"] for each in events} == {_SECRET}
    assert events[0]["client_url"] == "http://localhost:8090/now/api"
    assert events[2]["payload"]["summary"].strip() == "api: Down, it is."


def test_a_webhook_gets_each_alert_and_so_does_the_inbox(tmp_path: Path) -> None:
    """Two notifications of one group, by two routes."""
    with http_receiver() as got:
        address = f"http://127.0.0.1:{got.port}/own?key=1"
        with _told(tmp_path, got.port, NOTIFY="webhook", NOTIFY_WEBHOOK_URL=address) as server:
            _tell(server, lambda: len(_bodies(got, "/own?key=1")))
            wait_until(lambda: len(got.bodies.get("/inbox", [])) >= 4, "the inbox")
    assert [body["status"] for body in _bodies(got, "/own")] == ["firing"] * 3 + ["resolved"]


def test_a_teams_alerts_reach_its_own_receivers_and_the_inbox(tmp_path: Path) -> None:
    """An unknown team's, and those of none, reach everybody's. A trial goes either way."""
    with http_receiver() as got:
        address = f"http://127.0.0.1:{got.port}"
        teams = {"shop": TeamSettings(notify=("webhook",), webhook_url=f"{address}/shop")}
        settings = {"NOTIFY": "webhook", "NOTIFY_WEBHOOK_URL": f"{address}/all"}
        server = AnyAlertmanager(
            tmp_path / "alertmanager", _content(settings, tmp_path, got.port, teams)
        )
        server.start()
        try:
            for name, team in (("Ours", "shop"), ("Other", "unknown"), ("None", "")):
                server.post(alertname=name, service=name, team=team, annotations={})
            with HttpClient("alertmanager", server.url) as client:
                send(client, datetime.now(UTC), "shop")
                assert kinds(client) == kinds(client, "shop") == {"webhook"}
                with pytest.raises(NotifyError, match="other has no receivers"):
                    kinds(client, "other")
            wait_until(lambda: len(_names(got, "/inbox")) >= 4, "all are in the inbox")
            wait_until(lambda: len(_names(got, "/shop")) >= 2, "the team is told")
            wait_until(lambda: len(_names(got, "/all")) >= 2, "everybody is told")
        finally:
            server.stop()
    assert _names(got, "/shop") == {"Ours", "Try"}
    assert _names(got, "/all") == {"Other", "None"}


def _names(got: Received, path: str) -> set[str]:
    return {a["labels"]["alertname"] for b in _bodies(got, path) for a in b["alerts"]}


def test_mail_goes_encrypted_and_with_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STARTTLS first, then the login; a server without it gets neither."""
    with mail_server(tmp_path) as mail, http_receiver() as got:
        monkeypatch.setenv("SSL_CERT_FILE", str(mail.certificate))
        with _told(tmp_path, got.port, **_mail(mail)) as server:
            _tell(server, lambda: len(mail.subjects))
    assert [re.match(r"\[\w+", subject)[0] for subject in mail.subjects] == [  # type: ignore[index]
        "[FIRING",
        "[FIRING",
        "[FIRING",
        "[RESOLVED",
    ]
    assert set(mail.logins) == {("alerts@example.org", _SECRET)}
    assert mail.was_plain == []


def _mail(mail: MailServer) -> dict[str, str]:
    return {
        "NOTIFY": "email",
        "NOTIFY_EMAIL_TO": "team@example.org",
        "NOTIFY_EMAIL_SERVER": f"127.0.0.1:{mail.port}",
        "NOTIFY_EMAIL_USER": "alerts@example.org",
    }


def test_a_trial_says_who_took_it_and_who_did_not(tmp_path: Path) -> None:
    """It waits for each kind of receiver; of a mail server that is not there as well."""
    with http_receiver() as got:
        settings = {
            "NOTIFY": "slack,email",
            "NOTIFY_EMAIL_TO": "team@example.org",
            "NOTIFY_EMAIL_FROM": "a@example.org",
            # Nothing listens there.
            "NOTIFY_EMAIL_SERVER": "127.0.0.1:1",
        }
        content = _content({**settings, "NOTIFY": "slack,email"}, tmp_path, got.port)
        (tmp_path / "secret").write_text(f"http://127.0.0.1:{got.port}/slack")
        server = AnyAlertmanager(tmp_path / "alertmanager", content)
        server.start()
        try:
            with HttpClient("alertmanager", server.url) as client:
                assert kinds(client) == {"webhook", "slack", "email"}
                outcomes = _tried(client)
        finally:
            server.stop()
    assert outcomes["slack"].is_delivered
    assert outcomes["webhook"].is_delivered
    assert not outcomes["email"].is_delivered
    assert "given up" in outcomes["email"].line()


def _tried(client: HttpClient) -> dict[str, Outcome]:
    before = client.samples()
    send(client, datetime.now(UTC))
    found: dict[str, Outcome] = {}

    def is_over() -> bool:
        found.update({o.kind: o for o in follow(client, before, kinds(client), 0)})
        return found["slack"].sent > 0 and found["webhook"].sent > 0 and found["email"].failed > 0

    wait_until(is_over, "every receiver was tried")
    return found
