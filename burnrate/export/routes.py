"""Alertmanager's part: routes, inhibition and the inbox as a receiver."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from burnrate.configuration import Configuration
from burnrate.export import shipped
from burnrate.export.values import Values
from burnrate.slo.generator import with_identity

_SOURCE: Final = "alerting/alertmanager.yml"
_INBOX: Final = "http://inbox:8090"
_TOKEN: Final = "/etc/burnrate/secrets/inbox_token"  # noqa: S105 - a file's name
_MATCHER: Final = re.compile(r'(?P<name>\w+)\s*(?P<type>=~|!~|!=|=)\s*"(?P<value>[^"]*)"')
_MATCHERS: Final = {"source_matchers": "sourceMatch", "target_matchers": "targetMatch"}


def configuration_file(values: Values, configuration: Configuration) -> tuple[str, str]:
    """Return the name and the text of Alertmanager's part.

    With an inbox it is a whole configuration; without one it is the inhibition, to be put into a
    team's own.
    """
    text = with_identity(shipped.text(_SOURCE), configuration.identity)
    if values.inbox is not None:
        text = text.replace(_INBOX, values.inbox).replace(_TOKEN, values.inbox_token_file)
        return "alertmanager.yml", text
    start = text.index("inhibit_rules:")
    return "alertmanager-inhibition.yml", text[start : text.index("receivers:")].rstrip() + "\n"


def resource_spec(values: Values, configuration: Configuration) -> dict[str, Any]:
    """Return the same as the `spec` of an AlertmanagerConfig."""
    text = with_identity(shipped.text(_SOURCE), configuration.identity)
    found = yaml.safe_load(text)
    spec: dict[str, Any] = {"inhibitRules": [_inhibition(each) for each in found["inhibit_rules"]]}
    if values.inbox is None:
        return spec
    address = found["receivers"][0]["webhook_configs"][0]["url"].replace(_INBOX, values.inbox)
    receiver = {
        "name": found["receivers"][0]["name"],
        "webhookConfigs": [
            {
                "url": address,
                "sendResolved": True,
                "maxAlerts": 0,
                "httpConfig": {
                    "authorization": {
                        "type": "Bearer",
                        "credentials": {"name": values.inbox_secret, "key": "token"},
                    },
                    "followRedirects": False,
                },
            }
        ],
    }
    return {"route": _route(found["route"]), "receivers": [receiver], **spec}


def _route(route: Mapping[str, Any]) -> dict[str, Any]:
    made = {_camel(name): value for name, value in route.items()}
    if "matchers" in made:
        made["matchers"] = _matchers(made["matchers"])
    if "routes" in made:
        made["routes"] = [_route(each) for each in made["routes"]]
    return made


def _inhibition(rule: Mapping[str, Any]) -> dict[str, Any]:
    matched = {new: _matchers(rule[old]) for old, new in _MATCHERS.items()}
    return {**matched, "equal": rule["equal"]}


def _matchers(written: Sequence[str]) -> list[dict[str, str]]:
    made = []
    for each in written:
        found = _MATCHER.fullmatch(each.strip())
        if found is None:
            raise ValueError(f"{_SOURCE}: {each!r} is no matcher")
        made.append({"name": found["name"], "matchType": found["type"], "value": found["value"]})
    return made


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)
