"""Who is told of alerts besides the inbox: routes and receivers made from settings."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import yaml

from burnrate.stack.compose import NOBODY, SECRETS, chosen_receivers
from burnrate.stack.errors import StackError

_Config = dict[str, Any]
# As the routes to the inbox in alerting/alertmanager.yml.
_TICKET_TIMES: Final = {"group_wait": "30s", "group_interval": "5m"}
_PRIORITIES: Final = {"page": "5", "ticket": "2"}
_HTTP: Final = {"follow_redirects": False}
# Read by ntfy, from the body that Alertmanager sends (ntfy 2.10 and newer).
_NTFY_TITLE: Final = "{{.groupLabels.service}}: {{.status}}"
_NTFY_MESSAGE: Final = (
    '{{range .alerts}}{{if eq .status "resolved"}}Resolved: {{end}}{{.annotations.summary}}\n'
    "{{end}}"
)
_SUBJECT: Final = (
    "{{ .GroupLabels.service }}: "
    "{{ if .Alerts.Firing }}{{ len .Alerts.Firing }} firing{{ else }}resolved{{ end }}"
)
_SLACK_TEXT: Final = (
    "{{ range .Alerts.Firing }}{{ .Annotations.summary }}"
    " <{{ .Annotations.runbook_url }}|Runbook>\n{{ end }}"
    "{{ range .Alerts.Resolved }}Resolved: {{ .Annotations.summary }}\n{{ end }}"
)
_SUMMARIES: Final = (
    "{{ .GroupLabels.service }}: "
    "{{ range .Alerts.Firing }}{{ .Annotations.summary }} {{ else }}resolved{{ end }}"
)


def with_receivers(text: str, settings: Mapping[str, str], inbox_url: str) -> str:
    """Return Alertmanager's file with a receiver for each that `NOTIFY` names.

    Pages go to all of them, tickets to all but PagerDuty; both to the inbox as well. Without one
    the file is returned unchanged.

    Args:
        text: The file.
        settings: The user's.
        inbox_url: Where people find the inbox, without a last slash.

    Raises:
        StackError: a setting is missing or wrong; the message names it.
    """
    names = [name for name in chosen_receivers(settings.get("NOTIFY", "")) if name != NOBODY]
    if not names:
        return text
    document = yaml.safe_load(text)
    routes: list[_Config] = []
    for name in names:
        if name not in _RECEIVERS:
            raise StackError(f"NOTIFY: {name!r} is none of {', '.join((*_RECEIVERS, NOBODY))}")
        make, severities = _RECEIVERS[name]
        for severity in severities:
            receiver = f"{name}-{severity}s"
            document["receivers"].append(
                {"name": receiver, **make(settings, severity, f"{inbox_url}/")}
            )
            routes.append(_route(receiver, severity, document["route"]))
    # Behind the watchdog's route, before those to the inbox.
    document["route"]["routes"][1:1] = routes
    made: str = yaml.safe_dump(document, sort_keys=False, width=120, allow_unicode=True)
    return made


def _route(receiver: str, severity: str, top: Mapping[str, Any]) -> _Config:
    group_by = [name for name in top["group_by"] if name != "severity"]
    times = _TICKET_TIMES if severity == "ticket" else {}
    matchers = [f'severity = "{severity}"']
    return {"matchers": matchers, "receiver": receiver, "group_by": group_by} | times | _ON


_ON: Final[_Config] = {"continue": True}


def _ntfy(settings: Mapping[str, str], severity: str, inbox: str) -> _Config:
    address = _address(settings, "NOTIFY_NTFY_URL")
    fields = {
        "tpl": "1",
        "title": _NTFY_TITLE,
        "message": _NTFY_MESSAGE,
        "priority": _PRIORITIES[severity],
        "click": inbox,
    }
    return _webhook_to(f"{address}?{urlencode(fields)}")


def _webhook(settings: Mapping[str, str], _severity: str, _inbox: str) -> _Config:
    return _webhook_to(_address(settings, "NOTIFY_WEBHOOK_URL"))


def _webhook_to(url: str) -> _Config:
    config = {"url": url, "send_resolved": True, "max_alerts": 0, "http_config": _HTTP}
    return {"webhook_configs": [config]}


def _slack(settings: Mapping[str, str], _severity: str, _inbox: str) -> _Config:
    channel = settings.get("NOTIFY_SLACK_CHANNEL")
    config = {
        "api_url_file": f"{SECRETS}/notify_slack_url",
        **({"channel": channel} if channel else {}),
        "send_resolved": True,
        "color": "{{ if .Alerts.Firing }}danger{{ else }}good{{ end }}",
        "title": _SUBJECT,
        "text": _SLACK_TEXT,
    }
    return {"slack_configs": [config]}


def _pagerduty(_settings: Mapping[str, str], _severity: str, inbox: str) -> _Config:
    config = {
        "routing_key_file": f"{SECRETS}/notify_pagerduty_key",
        "send_resolved": True,
        "description": _SUMMARIES,
        "client": "Burnrate",
        "client_url": inbox,
    }
    return {"pagerduty_configs": [config]}


def _email(settings: Mapping[str, str], _severity: str, _inbox: str) -> _Config:
    to, server = (_given(settings, name) for name in ("NOTIFY_EMAIL_TO", "NOTIFY_EMAIL_SERVER"))
    user = settings.get("NOTIFY_EMAIL_USER")
    sender = settings.get("NOTIFY_EMAIL_FROM") or user
    if sender is None or ":" not in server:
        wrong = "NOTIFY_EMAIL_FROM" if sender is None else "NOTIFY_EMAIL_SERVER=host:port"
        raise StackError(f"NOTIFY=email needs {wrong}")
    login = {"auth_username": user, "auth_password_file": f"{SECRETS}/notify_smtp_password"}
    config = {
        "to": to,
        "from": sender,
        "smarthost": server,
        **(login if user else {}),
        # A relay on this machine or in this network may speak none; a password never goes without.
        "require_tls": bool(user) or settings.get("NOTIFY_EMAIL_TLS", "true") != "false",
        "send_resolved": True,
    }
    return {"email_configs": [config]}


_BOTH: Final = ("page", "ticket")
_Maker = Callable[[Mapping[str, str], str, str], _Config]
_RECEIVERS: Final[Mapping[str, tuple[_Maker, Iterable[str]]]] = {
    "email": (_email, _BOTH),
    "ntfy": (_ntfy, _BOTH),
    # Wakes somebody by itself: tickets can wait for the inbox.
    "pagerduty": (_pagerduty, ("page",)),
    "slack": (_slack, _BOTH),
    "webhook": (_webhook, _BOTH),
}


def _given(settings: Mapping[str, str], name: str) -> str:
    if not settings.get(name):
        raise StackError(f"NOTIFY={name.split('_')[1].lower()} needs {name}")
    return settings[name]


def _address(settings: Mapping[str, str], name: str) -> str:
    url = _given(settings, name)
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        # The rest of it may be a secret.
        raise StackError(f"{name} must be an http or https address")
    if name == "NOTIFY_NTFY_URL" and (not parts.path.strip("/") or parts.query):
        raise StackError(f"{name} must be an address with a topic: https://ntfy.sh/<topic>")
    return url
