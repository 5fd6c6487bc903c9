"""Each example of docs/receivers.md, in the configuration that ships and a real Alertmanager."""

import base64
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alerting.alertmanager import CONFIGURATION, AnyAlertmanager
from tests.alerting.receivers import http_receiver, mail_receiver
from tests.alerting.servers import ROOT
from tests.support.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.integration  # Alertmanager and amtool are system packages
_PAGE = (ROOT / "docs" / "receivers.md").read_text()
_EXAMPLES = dict(
    re.findall(r"^### ([^\n]*)\n(?:(?!^##).)*?^```yaml\n(.*?)^```", _PAGE, re.MULTILINE | re.DOTALL)
)
_SECRET = "a-secret-of-the-tests"


def _merged(example: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(CONFIGURATION.read_text())
    added = yaml.safe_load(example)
    content["receivers"] += added["receivers"]
    content["route"]["routes"] = added["route"]["routes"] + content["route"]["routes"]
    return content


def test_there_is_one_of_each() -> None:
    """What people ask for most."""
    assert list(_EXAMPLES) == ["Slack", "PagerDuty", "E-mail", "Your own webhook"]


@pytest.mark.parametrize("example", _EXAMPLES.values(), ids=_EXAMPLES)
def test_an_example_is_valid_and_the_inbox_still_gets_all(example: str, tmp_path: Path) -> None:
    """Amtool takes it, the route leads to both, and the secret is in a file."""
    path = tmp_path / "alertmanager.yml"
    path.write_text(yaml.safe_dump(_merged(example)))
    check = ["amtool", "check-config", str(path)]
    done = subprocess.run(
        check, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )
    assert "SUCCESS" in done.stdout, done.stdout + done.stderr
    (receiver,) = yaml.safe_load(example)["receivers"]
    severity = "ticket" if receiver["name"] == "email" else "page"
    routes = [
        "amtool", "config", "routes", "test", f"--config.file={path}",
        f"--verify.receivers={receiver['name']},inbox", f"severity={severity}", "service=api",
    ]  # fmt: skip
    done = subprocess.run(
        routes, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"_file: /etc/burnrate/secrets/\w+$", example, re.MULTILINE)
    assert "send_resolved: true" in example


def _quick(example: str, folder: Path, port: int) -> dict[str, Any]:
    """Return the example in the shipped file: its receiver is here, and it does not wait."""
    secret = folder / "secret"
    # As somebody pastes it.
    secret.write_text(f"http://127.0.0.1:{port}/slack\n" if "slack" in example else f"{_SECRET}\n")
    content = _merged(re.sub(r"/etc/burnrate/secrets/\w+", str(secret), example))
    for route in [content["route"], *content["route"]["routes"]]:
        route |= {"group_wait": "0s", "group_interval": "1s"}
    inbox, receiver = content["receivers"]
    inbox["webhook_configs"][0]["url"] = f"http://127.0.0.1:{port}/inbox"
    inbox["webhook_configs"][0]["http_config"]["authorization"]["credentials_file"] = str(secret)
    for configs in (value for key, value in receiver.items() if key.endswith("_configs")):
        (config,) = configs
        if "smarthost" in config:
            # No certificate here.
            config |= {"smarthost": f"127.0.0.1:{port}", "require_tls": False}
        elif "api_url_file" not in config:
            config["url"] = f"http://127.0.0.1:{port}/{receiver['name']}"
    return content


@contextmanager
def _running(example: str, folder: Path, port: int) -> Iterator[AnyAlertmanager]:
    server = AnyAlertmanager(folder / "alertmanager", _quick(example, folder, port))
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _tell_an_outage(
    server: AnyAlertmanager, arrived: Callable[[], int], severity: str = "page"
) -> None:
    """Have two alerts of a service fire, then one end, then the other; each is told."""
    for count, (name, has_ended) in enumerate(
        [("Slow", False), ("Down", False), ("Slow", True), ("Down", True)], start=1
    ):
        annotations = {"summary": f"{name}, it is.", "runbook_url": f"http://r/{name}"}
        if has_ended:
            server.resolve(name, severity=severity, annotations=annotations)
        else:
            server.post(alertname=name, severity=severity, annotations=annotations)
        _wait_for(arrived, count)


def _wait_for(arrived: Callable[[], int], count: int) -> None:
    wait_until(lambda: arrived() >= count, f"notification {count}")


def test_slack_is_told_what_fires_and_what_has_ended(tmp_path: Path) -> None:
    """Never an alert that has ended as one that fires, in title, text or colour."""
    with http_receiver() as got, _running(_EXAMPLES["Slack"], tmp_path, got.port) as server:
        _tell_an_outage(server, lambda: len(got.bodies.get("/slack", [])))
    said = [message["attachments"][0] for message in got.bodies["/slack"]]
    assert [(each["title"], each["color"]) for each in said] == [
        ("api: 1 firing", "danger"),
        ("api: 2 firing", "danger"),
        ("api: 1 firing", "danger"),
        ("api: resolved", "good"),
    ]
    down, slow = "Down, it is. <http://r/Down|Runbook>", "Slow, it is. <http://r/Slow|Runbook>"
    assert [sorted(each["text"].strip().splitlines()) for each in said] == [
        [slow],
        [down, slow],
        [down, "Resolved: Slow, it is."],
        ["Resolved: Down, it is."],
    ]


def test_pagerduty_has_one_incident_that_ends_with_its_last_alert(tmp_path: Path) -> None:
    """The same key for all; resolved only at the end; the description names what fires."""
    with http_receiver() as got, _running(_EXAMPLES["PagerDuty"], tmp_path, got.port) as server:
        _tell_an_outage(server, lambda: len(got.bodies.get("/pagerduty", [])))
    events = got.bodies["/pagerduty"]
    assert [each["event_action"] for each in events] == ["trigger"] * 3 + ["resolve"]
    assert len({each["dedup_key"] for each in events}) == 1
    assert {each["routing_key"] for each in events} == {_SECRET}
    described = [each["payload"]["summary"].strip() for each in events[:3]]
    assert described[0] == "api: Slow, it is."
    assert described[1] in {"api: Slow, it is. Down, it is.", "api: Down, it is. Slow, it is."}
    assert described[2] == "api: Down, it is."


@pytest.mark.parametrize(("name", "path"), [("Slack", "/slack"), ("PagerDuty", "/pagerduty")])
def test_an_alert_of_somebody_else_s_rules_is_named(name: str, path: str, tmp_path: Path) -> None:
    """It has no summary, no runbook and no service: nothing stays empty, no link leads nowhere."""
    with http_receiver() as got, _running(_EXAMPLES[name], tmp_path, got.port) as server:
        server.post(alertname="Foreign", severity="page", service="", annotations={})
        _wait_for(lambda: len(got.bodies.get(path, [])), 1)
    said = str(got.bodies[path][0])
    assert "no service:" in said
    assert "Foreign" in said
    assert "Runbook" not in said


def test_mail_tells_the_end_too(tmp_path: Path) -> None:
    """With the password of the file."""
    with mail_receiver() as got, _running(_EXAMPLES["E-mail"], tmp_path, got.port) as server:
        _tell_an_outage(server, lambda: len(got.mails), "ticket")
    starts = [re.match(r"\[\w+(?::\d)?\]", subject) for subject, _ in got.mails]
    assert [each and each[0] for each in starts] == [
        "[FIRING:1]",
        "[FIRING:2]",
        "[FIRING:1]",
        "[RESOLVED]",
    ]
    assert "Down, it is." in got.mails[-1][1]
    assert any(_SECRET in base64.b64decode(f"{token}==").decode() for token in got.tokens)


def test_a_webhook_gets_each_alert_with_its_state(tmp_path: Path) -> None:
    """And the inbox gets the same, by its own route."""
    with (
        http_receiver() as got,
        _running(_EXAMPLES["Your own webhook"], tmp_path, got.port) as server,
    ):
        _tell_an_outage(server, lambda: len(got.bodies.get("/own", [])))
        wait_until(lambda: len(got.bodies.get("/inbox", [])) >= 4, "the inbox")
    states = [_states(body) for body in got.bodies["/own"]]
    assert states == [
        {"Slow": "firing"},
        {"Slow": "firing", "Down": "firing"},
        {"Slow": "resolved", "Down": "firing"},
        {"Down": "resolved"},
    ]
    assert _states(got.bodies["/inbox"][-1]) == {"Down": "resolved"}
    assert set(got.tokens) == {f"Bearer {_SECRET}"}


def _states(body: dict[str, Any]) -> dict[str, str]:
    return {alert["labels"]["alertname"]: alert["status"] for alert in body["alerts"]}
