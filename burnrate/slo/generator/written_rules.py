"""Hand-written rules and routes, adapted to a team's settings.

Their files are valid as they stand, for the shipped settings. Links always follow burnrate.yml.
If services have labels of the team's own, or are named by more than `service`, these functions
make from the files what Prometheus, Loki and Alertmanager load.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final

import yaml

from burnrate.configuration import Configuration
from burnrate.slo.specification import Service, quote
from burnrate.yaml_text import yaml_text

# Up to the last slash of the link's path; what follows may be a quote, a comment or another key.
_LINK: Final = re.compile(
    r"(?P<key>\b(?P<name>runbook_url|dashboard_url): [\"']?)https?://[^\s\"'?#,{}]*/"
)
# Label lists of PromQL and LogQL, of Alertmanager's routes and of its inhibition.
_BY: Final = re.compile(r"\b(by|on|without|ignoring)(\s*)\(([^()]*)\)")
_GROUPED: Final = re.compile(r"\b(group_by|equal): \[([^\[\]]*)\]")
# In a text for people, and in a link.
_NAMED: Final = re.compile(r"(var-service=)?\{\{ \$labels\.service \}\}")


def linked(text: str, configuration: Configuration) -> str:
    """Return a file of rules with the links that the configuration says.

    A runbook keeps its name, a dashboard its uid and its variables.
    """
    bases = {
        "runbook_url": configuration.runbook_base,
        "dashboard_url": configuration.dashboard_base,
    }

    def link(match: re.Match[str]) -> str:
        return f"{match['key']}{bases[match['name']]}/"

    return _LINK.sub(link, text)


def moved(text: str, committed: Configuration, actual: Configuration) -> str:
    """Return a text in which links to the committed addresses lead to the actual ones."""
    bases = {
        committed.runbook_base: actual.runbook_base,
        committed.dashboard_base: actual.dashboard_base,
    }
    found = re.compile("|".join(f"{re.escape(base)}(?=/)" for base in bases))
    return found.sub(lambda base: bases[base[0]], text)


def with_identity(text: str, identity: Sequence[str]) -> str:
    """Return a text in which each list of labels with `service` holds the whole identity.

    So do links to a dashboard, and where a text names the service, the other labels' values come
    before it, if the alert has them.
    """
    others = [name for name in identity if name != "service"]

    def by(match: re.Match[str]) -> str:
        return f"{match[1]}{match[2]}({_named(match[3], identity)})"

    def grouped(match: re.Match[str]) -> str:
        return f"{match[1]}: [{_named(match[2], identity)}]"

    def named(match: re.Match[str]) -> str:
        if match[1]:
            return "&".join(f"var-{name}={{{{ $labels.{name} }}}}" for name in identity)
        before = (f"{{{{ with $labels.{name} }}}}{{{{ . }}}} {{{{ end }}}}" for name in others)
        return "".join([*before, match[0]])

    return _GROUPED.sub(grouped, _BY.sub(by, _NAMED.sub(named, text)))


def with_team_labels(text: str, services: Sequence[Service]) -> str:
    """Return a file of rules whose alerts carry the labels that a team gives its services.

    Without such labels the file is returned unchanged. Alerts with a static label `service`, as
    generated ones have, carry them already and are left alone.
    """
    values = _values(services)
    if not values:
        return text
    document = yaml.safe_load(text)
    for rule in chain.from_iterable(group["rules"] for group in document["groups"]):
        if "alert" in rule and "service" not in rule.get("labels", {}):
            rule["expr"] = _labelled(str(rule["expr"]), values)
    return yaml_text(document)


def _named(names: str, identity: Sequence[str]) -> str:
    listed = [name.strip() for name in names.split(",")]
    if "service" not in listed:
        return names
    others = [name for name in listed if name not in identity]
    return ", ".join([*identity, *others])


# A label and its value, and the names of the services that have it.
_Values = Mapping[tuple[str, str], list[str]]


def _values(services: Sequence[Service]) -> _Values:
    values: dict[tuple[str, str], list[str]] = {}
    for service in services:
        for pair in service.alert_labels.items():
            values.setdefault(pair, []).append(service.name)
    return values


def _labelled(expression: str, values: _Values) -> str:
    # For other services, value and labels stay unchanged. A join with a series that has the labels
    # would drop the alert while that series is missing, and LogQL has no joins.
    for (label, value), names in values.items():
        pattern = "|".join(re.escape(name) for name in sorted(set(names)))
        # A single dollar would refer to a group of the pattern.
        new = quote(value.replace("$", "$$"))
        expression = (
            f'label_replace({expression}, "{label}", "{new}", "service", "{quote(pattern)}")'
        )
    return expression
