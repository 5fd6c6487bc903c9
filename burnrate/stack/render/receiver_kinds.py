"""The kinds of receivers, each as Alertmanager has it, with what a setting says of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from burnrate.stack.compose import SECRETS, receiver_secret
from burnrate.stack.errors import StackError

_Config = dict[str, Any]
_PRIORITIES: Final = {"page": "5", "ticket": "2"}
_HTTP: Final = {"follow_redirects": False}
# Read by ntfy, from the body that Alertmanager sends (ntfy 2.10 and newer). An alert of somebody
# else's rules may have no summary, and none of the labels that name a service.
_NTFY_MESSAGE: Final = (
    '{{range .alerts}}{{if eq .status "resolved"}}Resolved: {{end}}'
    "{{or .annotations.summary .labels.alertname}}\n{{end}}"
)
_STATE: Final = "{{ if .Alerts.Firing }}{{ len .Alerts.Firing }} firing{{ else }}resolved{{ end }}"
_SUMMARY: Final = "{{ or .Annotations.summary .Labels.alertname }}"
_SLACK_TEXT: Final = (
    f"{{{{ range .Alerts.Firing }}}}{_SUMMARY}"
    "{{ with .Annotations.runbook_url }} <{{ . }}|Runbook>{{ end }}\n{{ end }}"
    f"{{{{ range .Alerts.Resolved }}}}Resolved: {_SUMMARY}\n{{{{ end }}}}"
)
_SUMMARIES: Final = f"{{{{ range .Alerts.Firing }}}}{_SUMMARY} {{{{ else }}}}resolved{{{{ end }}}}"
# The newest incident of the service, by a link that stays the same.
_NOW: Final = "{{ with .GroupLabels.service }}now/{{ . | urlquery }}{{ end }}"


@dataclass(frozen=True, slots=True)
class Group:
    """What a receiver gets one notification of.

    Attributes:
        severity: Of all its alerts.
        labels: The names of what they have in common: they name the service.
        inbox: Where people find the inbox, with a last slash.
    """

    severity: str
    labels: tuple[str, ...]
    inbox: str

    @property
    def title(self) -> str:
        """The service as Alertmanager's templates write it, as the inbox' page does."""
        return self._named("GroupLabels")

    @property
    def ntfy_title(self) -> str:
        """The same as ntfy's do, which read the body."""
        return self._named("groupLabels")

    def _named(self, labels: str) -> str:
        # Without `or`, ntfy writes `<no value>` for what is not there.
        absent = {"service": "no service"}
        return " ".join(
            f'{{{{ or .{labels}.{name} "{absent.get(name, "")}" }}}}' for name in self.labels
        )


@dataclass(frozen=True, slots=True)
class Whose:
    """Where the settings of receivers are: everybody's, or a team's own.

    Attributes:
        settings: The user's.
        team: Whose they are; empty for everybody's.
        own: What the team says itself: where to. Only a mail server and its login are everybody's.
    """

    settings: Mapping[str, str]
    team: str = ""
    own: Mapping[str, str] = field(default_factory=dict)

    def find(self, name: str) -> str | None:
        """Return a setting, by its name without `NOTIFY_`."""
        own = self._is_own(name)
        return (self.own[name.lower()] if own else self.settings.get(f"NOTIFY_{name}")) or None

    def needed(self, name: str) -> str:
        """Return a setting; raises StackError where it is missing."""
        if (found := self.find(name)) is None:
            raise StackError(f"{self.asking(name)} needs {self.named(name)}")
        return found

    def named(self, name: str) -> str:
        """Return what people know a setting by."""
        return f"teams.{self.team}.{name.lower()}" if self._is_own(name) else f"NOTIFY_{name}"

    def secret(self, kind: str) -> str:
        """Return the path of the secret of a kind of receiver, or of a `login`."""
        return f"{SECRETS}/{receiver_secret(kind, self.team)}"

    def asking(self, name: str) -> str:
        """Return what asks for a setting, for people."""
        kind = name.partition("_")[0].lower()
        return f"burnrate.yml: teams.{self.team}: {kind}" if self.team else f"NOTIFY={kind}"

    def _is_own(self, name: str) -> bool:
        return bool(self.team) and name.lower() in self.own


def _ntfy(whose: Whose, group: Group) -> _Config:
    address = _address(whose, "NTFY_URL")
    fields = {
        "tpl": "1",
        "title": f"{group.ntfy_title}: {{{{.status}}}}",
        "message": _NTFY_MESSAGE,
        "priority": _PRIORITIES[group.severity],
        "click": group.inbox,
    }
    return _webhook_to(f"{address}?{urlencode(fields)}")


def _webhook(whose: Whose, _group: Group) -> _Config:
    return _webhook_to(_address(whose, "WEBHOOK_URL"))


def _webhook_to(url: str) -> _Config:
    config = {"url": url, "send_resolved": True, "max_alerts": 0, "http_config": _HTTP}
    return {"webhook_configs": [config]}


def _slack(whose: Whose, group: Group) -> _Config:
    channel = whose.find("SLACK_CHANNEL")
    config = {
        "api_url_file": whose.secret("slack"),
        **({"channel": channel} if channel else {}),
        "send_resolved": True,
        "color": "{{ if .Alerts.Firing }}danger{{ else }}good{{ end }}",
        "title": f"{group.title}: {_STATE}",
        "title_link": f"{group.inbox}{_NOW}",
        "text": _SLACK_TEXT,
    }
    return {"slack_configs": [config]}


def _pagerduty(whose: Whose, group: Group) -> _Config:
    config = {
        "routing_key_file": whose.secret("pagerduty"),
        "send_resolved": True,
        "description": f"{group.title}: {_SUMMARIES}",
        "client": "Burnrate",
        "client_url": f"{group.inbox}{_NOW}",
    }
    return {"pagerduty_configs": [config]}


def _email(whose: Whose, _group: Group) -> _Config:
    to, server = (whose.needed(name) for name in ("EMAIL_TO", "EMAIL_SERVER"))
    user = whose.find("EMAIL_USER")
    sender = whose.find("EMAIL_FROM") or user
    if sender is None or ":" not in server:
        wrong = "NOTIFY_EMAIL_FROM" if sender is None else "NOTIFY_EMAIL_SERVER=host:port"
        raise StackError(f"{whose.asking('EMAIL')} needs {wrong}")
    login = {"auth_username": user, "auth_password_file": whose.secret("login")}
    config = {
        "to": to,
        "from": sender,
        "smarthost": server,
        **(login if user else {}),
        # A relay on this machine or in this network may speak none; a password never goes without.
        "require_tls": bool(user) or whose.find("EMAIL_TLS") != "false",
        "send_resolved": True,
    }
    return {"email_configs": [config]}


class Kind(NamedTuple):
    """A kind of receiver: how it is made, and of which severities it is told."""

    make: Callable[[Whose, Group], _Config]
    severities: tuple[str, ...]


_BOTH: Final = ("page", "ticket")
KINDS: Final[Mapping[str, Kind]] = {
    "email": Kind(_email, _BOTH),
    "ntfy": Kind(_ntfy, _BOTH),
    # Wakes somebody by itself: tickets can wait for the inbox.
    "pagerduty": Kind(_pagerduty, ("page",)),
    "slack": Kind(_slack, _BOTH),
    "webhook": Kind(_webhook, _BOTH),
}


def _address(whose: Whose, name: str) -> str:
    url = whose.needed(name)
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        # The rest of it may be a secret.
        raise StackError(f"{whose.named(name)} must be an http or https address")
    if name == "NTFY_URL" and (not parts.path.strip("/") or parts.query):
        raise StackError(
            f"{whose.named(name)} must be an address with a topic: https://ntfy.sh/<topic>"
        )
    return url
