"""Routes and receivers that follow from NOTIFY."""

import itertools
import subprocess
from pathlib import Path
from typing import Any, get_args
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from burnrate.configuration import ReceiverKind, TeamSettings
from burnrate.stack.compose import Service
from burnrate.stack.errors import StackError
from burnrate.stack.render.receiver_kinds import KINDS
from burnrate.stack.render.receivers import with_receivers
from tests.servers.processes import ROOT
from tests.support.waiting import PATIENCE_SECONDS

SHIPPED = (ROOT / "alerting/alertmanager.yml").read_text()
INBOX = "http://localhost:8090"
ALL = {
    "NOTIFY_EMAIL_TO": "team@example.org",
    "NOTIFY_EMAIL_SERVER": "mail.example.org:587",
    "NOTIFY_EMAIL_USER": "alerts@example.org",
    "NOTIFY_NTFY_URL": "https://ntfy.example.org/topic",
    "NOTIFY_WEBHOOK_URL": "https://hook.example.org/x?key=1",
}
NAMES = ("email", "ntfy", "pagerduty", "slack", "webhook")
COMBINATIONS = [c for n in range(1, 6) for c in itertools.combinations(NAMES, n)]


def assert_routed(path: Path, labels: list[str], receivers: list[str]) -> None:
    """Ask amtool whether these are told of an alert with such labels, and nobody else."""
    command = ["amtool", "config", "routes", "test", f"--config.file={path}"]
    verify = f"--verify.receivers={','.join(receivers)}"
    done = subprocess.run(
        [*command, verify, *labels],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def rendered(**settings: str) -> dict[str, Any]:
    """Return the file with these settings."""
    made: dict[str, Any] = yaml.safe_load(with_receivers(SHIPPED, settings, INBOX))
    return made


@pytest.mark.parametrize("notify", ["", "nobody", " , "])
def test_without_one_the_file_is_as_it_was(notify: str) -> None:
    assert with_receivers(SHIPPED, {"NOTIFY": notify}, INBOX) == SHIPPED


@pytest.mark.integration
def test_amtool_takes_every_combination(tmp_path: Path) -> None:
    """All of them in one call, since each costs a process."""
    for names in COMBINATIONS:
        text = with_receivers(SHIPPED, {**ALL, "NOTIFY": ",".join(names)}, INBOX)
        (tmp_path / f"{'-'.join(names)}.yml").write_text(text)
    files = sorted(map(str, tmp_path.iterdir()))
    done = subprocess.run(
        ["amtool", "check-config", *files], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCESS") == len(COMBINATIONS)


@pytest.mark.integration
@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        (["severity=page"], [*(f"{name}-pages" for name in NAMES), "inbox"]),
        (["severity=ticket"], [*(f"{n}-tickets" for n in NAMES if n != "pagerduty"), "inbox"]),
        (["alertname=Watchdog", "severity=none"], ["inbox"]),
        (["severity=misspelt"], ["inbox"]),
    ],
    ids=["page", "ticket", "watchdog", "anything else"],
)
def test_each_alert_goes_to_the_inbox_as_well(
    labels: list[str], receivers: list[str], tmp_path: Path
) -> None:
    """Pages to all, tickets to all who do not wake people, the watchdog to nobody."""
    path = tmp_path / "alertmanager.yml"
    path.write_text(with_receivers(SHIPPED, {**ALL, "NOTIFY": " ".join(NAMES)}, INBOX))
    assert_routed(path, labels, receivers)


def test_groups_follow_the_identity() -> None:
    """As the routes to the inbox do."""
    text = SHIPPED.replace("[service, severity]", "[cluster, service, severity]")
    document = yaml.safe_load(with_receivers(text, {**ALL, "NOTIFY": "ntfy"}, INBOX))
    assert document["route"]["routes"][1]["group_by"] == ["cluster", "service"]
    address = document["receivers"][1]["webhook_configs"][0]["url"]
    (title,) = parse_qs(urlsplit(address).query)["title"]
    assert title.startswith('{{ or .groupLabels.cluster "" }} {{ or .groupLabels.service "no')


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"NOTIFY": "slak"}, "NOTIFY: 'slak' is none of email, ntfy"),
        ({"NOTIFY": "ntfy"}, "NOTIFY=ntfy needs NOTIFY_NTFY_URL"),
        ({"NOTIFY": "webhook"}, "NOTIFY=webhook needs NOTIFY_WEBHOOK_URL"),
        ({"NOTIFY": "email"}, "NOTIFY=email needs NOTIFY_EMAIL_TO"),
        ({"NOTIFY": "email", "NOTIFY_EMAIL_TO": "a@b"}, "NOTIFY=email needs NOTIFY_EMAIL_SERVER"),
        (
            {"NOTIFY": "email", **ALL, "NOTIFY_EMAIL_SERVER": "mail.example.org"},
            "NOTIFY_EMAIL_SERVER=host:port",
        ),
        (
            {"NOTIFY": "email", "NOTIFY_EMAIL_TO": "a@b", "NOTIFY_EMAIL_SERVER": "b:25"},
            "NOTIFY_EMAIL_FROM",
        ),
        ({"NOTIFY": "ntfy", "NOTIFY_NTFY_URL": "https://ntfy.sh"}, "with a topic"),
        ({"NOTIFY": "ntfy", "NOTIFY_NTFY_URL": "https://ntfy.sh/t?a=b"}, "with a topic"),
        ({"NOTIFY": "webhook", "NOTIFY_WEBHOOK_URL": "hook"}, "an http or https address"),
    ],
)
def test_what_is_wrong_is_named(settings: dict[str, str], named: str) -> None:
    with pytest.raises(StackError, match=named):
        with_receivers(SHIPPED, settings, INBOX)


def test_a_password_never_goes_without_encryption() -> None:
    """A relay without a login may."""
    relay = {k: v for k, v in ALL.items() if k != "NOTIFY_EMAIL_USER"}
    relay |= {"NOTIFY": "email", "NOTIFY_EMAIL_FROM": "x@example.org", "NOTIFY_EMAIL_TLS": "false"}
    (plain,) = rendered(**relay)["receivers"][1]["email_configs"]
    assert plain["require_tls"] is False
    assert "auth_username" not in plain
    login = {**relay, "NOTIFY_EMAIL_USER": "alerts@example.org"}
    (secure,) = rendered(**login)["receivers"][1]["email_configs"]
    assert secure["require_tls"] is True
    assert secure["auth_password_file"] == "/etc/burnrate/secrets/notify_smtp_password"


TEAMS = {
    "checkout": TeamSettings(notify=("slack", "pagerduty"), slack_channel="#checkout"),
    "search-2": TeamSettings(notify=("email", "ntfy"), email_to="s@b.org", ntfy_url="http://n/s"),
}


@pytest.mark.integration
@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        (["severity=page", "team=checkout"], ["checkout/slack-pages", "checkout/pagerduty-pages"]),
        (["severity=ticket", "team=checkout"], ["checkout/slack-tickets"]),
        (["severity=page", "team=search-2"], ["search-2/email-pages", "search-2/ntfy-pages"]),
        (["severity=page", "team=search"], ["ntfy-pages"]),
        (["severity=page", "team=my checkout"], ["ntfy-pages"]),
        (["severity=ticket"], ["ntfy-tickets"]),
        (["alertname=Watchdog", "severity=none"], []),
    ],
    ids=["pages", "tickets", "another", "unknown", "longer name", "no team", "watchdog"],
)
def test_a_team_with_receivers_is_told_of_its_alerts_and_all_others_of_the_rest(
    labels: list[str], receivers: list[str], tmp_path: Path
) -> None:
    """A team that nobody knows has those of everybody; all go to the inbox, last."""
    path = tmp_path / "alertmanager.yml"
    path.write_text(with_receivers(SHIPPED, {**ALL, "NOTIFY": "ntfy"}, INBOX, TEAMS))
    assert_routed(path, labels, [*receivers, "inbox"])


def test_a_team_says_where_to_and_shares_the_mail_server() -> None:
    """What is everybody's never stands in for what the team has to say."""
    made = yaml.safe_load(with_receivers(SHIPPED, ALL, INBOX, TEAMS))
    found = {each["name"]: each for each in made["receivers"]}
    (mail,) = found["search-2/email-pages"]["email_configs"]
    assert (mail["to"], mail["smarthost"]) == ("s@b.org", "mail.example.org:587")
    assert mail["auth_password_file"].endswith("/notify_smtp_password")
    (slack,) = found["checkout/slack-tickets"]["slack_configs"]
    assert slack["api_url_file"].endswith("/notify_slack_url_checkout")
    assert slack["channel"] == "#checkout"
    assert not {"ntfy-pages", "email-pages"} & set(found)
    for kind in ("email", "ntfy", "webhook"):
        key = {"email": "email_to"}.get(kind, f"{kind}_url")
        named = f"burnrate.yml: teams.x: {kind} needs teams.x.{key}"
        with pytest.raises(StackError, match=named):
            with_receivers(SHIPPED, ALL, INBOX, {"x": TeamSettings(notify=(kind,))})


def test_every_kind_of_a_team_is_one_that_can_be_made() -> None:
    """The two lists stand in two rooms."""
    assert set(get_args(ReceiverKind)) == set(KINDS)


def test_the_secrets_of_what_is_named_are_needed() -> None:
    """Those of others are not asked for."""
    service = Service.model_validate(
        {"x-secrets": ["inbox_token"], "x-receivers": "slack,pagerduty login"}
    )
    own = ["inbox_token"]
    assert service.secrets == [
        *own, "notify_slack_url", "notify_pagerduty_key", "notify_smtp_password"
    ]  # fmt: skip
    assert Service.model_validate({"x-secrets": own, "x-receivers": "ntfy "}).secrets == own
    of_team = {"x-secrets": own, "x-receivers": "slack slack@shop,email@shop pagerduty@b-c"}
    assert Service.model_validate(of_team).secrets == [
        *own, "notify_slack_url", "notify_slack_url_shop", "notify_pagerduty_key_b-c"
    ]  # fmt: skip
