"""Hand-written rules for the exported services: causes, what logs show, the inbox' own."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import yaml

from burnrate.configuration import Configuration, is_own_machine
from burnrate.export import shipped
from burnrate.export.dashboards import uids
from burnrate.export.values import Values
from burnrate.promql import narrowed
from burnrate.slo.generator import linked, with_identity, with_team_labels
from burnrate.slo.specification import Service

Rule = dict[str, Any]
Group = dict[str, Any]

# About exporters of the shipped stack, not about a service.
_OF_THE_STACK: Final = frozenset({"PostgresConnectionsNearLimit", "DiskFilling"})
# The path to the inbox is proven by an alert that stands with the stack's own.
_WATCHDOG: Final = "Watchdog"
_LINKS: Final = {"runbook_url": "runbook_base", "dashboard_url": "dashboard_base"}
_UID: Final = re.compile(r"/d/([\w-]+)")
# Lines that are no error although they say so, of a part of the shipped stack.
_NOISE: Final = re.compile(r"\s*!~ `\^(?P<part>[\w-]+): [^`]*`")
_STREAMS: Final = re.compile(r'service=~"\.\+", service!="postgres"')
_OTHERS: Final = re.compile(
    r'\s*\bor sum by \(service\) \(count_over_time\(\s*\{service="[^"]*".*', re.DOTALL
)


def causes(
    services: Sequence[Service], values: Values, configuration: Configuration
) -> list[Group]:
    """Return the rules about causes, for the processes of these services alone.

    Empty where no job of theirs is known.
    """
    jobs = [each.job for each in services if each.job]
    if not jobs:
        return []
    matchers = [_any_of("job", jobs)]
    matchers += [f'{name}="{value}"' for name, value in values.identity.items()]
    kept = (
        rule
        for rule in _rules("prometheus/rules/causes.yml", services, configuration)
        if rule["alert"] not in _OF_THE_STACK
    )
    rules = [{**each, "expr": _of_processes(each["expr"], ", ".join(matchers))} for each in kept]
    return [{"name": "causes", "rules": rules}]


def inbox(values: Values, configuration: Configuration) -> list[Group]:
    """Return what the inbox says about itself, and the alert that proves the path to it."""
    watchdog = [
        rule
        for rule in _rules("prometheus/rules/stack.yml", (), configuration)
        if rule["alert"] == _WATCHDOG
    ]
    own = _rules("prometheus/rules/inbox.yml", (), configuration)
    rules = [_labelled(each, values.identity) for each in [*watchdog, *own]]
    asked = f'job="{values.alertmanager_job}"'
    rules = [{**each, "expr": each["expr"].replace('job="alertmanager"', asked)} for each in rules]
    return [{"name": "inbox", "rules": rules}]


def logs(services: Sequence[Service], values: Values, configuration: Configuration) -> list[Group]:
    """Return the rules about log lines, for the streams of these services alone.

    Where an environment is set, for its streams and for those that do not say which is theirs.
    """
    names = [each.name for each in services]
    made = []
    for group in shipped.groups("loki/rules/fake/errors.yml"):
        rules = []
        for rule in _linked(group, configuration):
            expr = _of_streams(rule["expr"], names, values.identity)
            annotations = _chosen(rule["annotations"], values.identity)
            rules.append(
                _labelled({**rule, "expr": expr, "annotations": annotations}, values.identity)
            )
        made.append({**group, "rules": rules})
    return made


def _rules(name: str, services: Sequence[Service], configuration: Configuration) -> Iterator[Rule]:
    text = with_team_labels(with_identity(shipped.text(name), configuration.identity), services)
    for group in yaml.safe_load(text)["groups"]:
        yield from _linked(group, configuration)


def _linked(group: Group, configuration: Configuration) -> Iterator[Rule]:
    """Yield a group's rules with links that lead somewhere, and without the others."""
    dead = {key for key, base in _LINKS.items() if is_own_machine(getattr(configuration, base))}
    there = uids()
    for rule in group["rules"]:
        annotations = {
            name: linked(f"{name}: {text}", configuration).removeprefix(f"{name}: ")
            for name, text in rule["annotations"].items()
            if name not in dead and (name != "dashboard_url" or _UID.findall(text)[0] in there)
        }
        yield {**rule, "annotations": annotations}


def _of_processes(query: str, matchers: str) -> str:
    # What is recorded of SLOs has the names of services and no job.
    return narrowed(query, matchers, lambda name: ":" not in name)


def _of_streams(query: str, services: Sequence[str], identity: Mapping[str, str]) -> str:
    quiet = _NOISE.sub(lambda found: found[0] if found["part"] in services else "", query)
    matchers = [_any_of("service", services)]
    matchers += [_any_of(name, [value, ""]) for name, value in identity.items()]
    chosen = ", ".join(matchers)
    return _STREAMS.sub(lambda _: chosen, _OTHERS.sub("", quiet))


def _chosen(annotations: Mapping[str, str], identity: Mapping[str, str]) -> dict[str, str]:
    """Return annotations whose links choose the environment, which need not be a line's label."""
    chosen = "".join(f"var-{name}={value}&" for name, value in identity.items())
    return {
        name: text.replace("var-service=", f"{chosen}var-service=")
        for name, text in annotations.items()
    }


def _any_of(label: str, values: Sequence[str]) -> str:
    if len(set(values)) == 1:
        return f'{label}="{values[0]}"'
    pattern = "|".join(map(_escaped, sorted(set(values))))
    return f'{label}=~"{pattern}"'


def _escaped(value: str) -> str:
    """Return a text as a part of a quoted pattern; a dash is one, whoever escapes it."""
    return re.escape(value).replace(r"\-", "-").replace("\\", "\\\\")


def _labelled(rule: Rule, labels: Mapping[str, str]) -> Rule:
    """Return an alert that names its environment: its series do not, and receivers ask for it."""
    return {**rule, "labels": {**rule.get("labels", {}), **labels}}
