"""What each target gets, file by file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from burnrate.configuration import Configuration
from burnrate.export import dashboards as grafana
from burnrate.export import resources, routes, shipped, written_rules
from burnrate.export.errors import ExportError
from burnrate.export.runbooks import runbooks
from burnrate.export.values import Values
from burnrate.slo.engines import ENGINES
from burnrate.slo.generator import rule_groups
from burnrate.slo.specification import Service
from burnrate.yaml_text import yaml_text

Target = Literal[
    "prometheus", "prometheus-operator", "mimir", "victoriametrics", "loki", "grafana", "helm"
]
TARGETS: Final[tuple[Target, ...]] = get_args(Target)
_HEADER: Final = "# Written by `burnrate export`. Export again instead of changing it.\n"
# How pods' lines come to Loki.
_ALLOY: Final = ("kubernetes.alloy", "pipeline.alloy")
_Rules = dict[str, list[Any]]


@dataclass(frozen=True)
class Export:
    """What an export writes.

    Attributes:
        files: The texts by their paths below the folder.
        notes: What a reader should know.
    """

    files: Mapping[str, str]
    notes: tuple[str, ...] = ()


# What the chart puts its own values in the place of (deploy/helm/burnrate/templates/_helpers.tpl).
CHART_VALUES: Final = Values(
    namespace="the-namespace",
    job="the-job",
    alertmanager_job="the-alertmanager",
    inbox="http://the-inbox.invalid",
    inbox_page="https://the-inbox-page.invalid",
    grafana="https://the-grafana.invalid",
    inbox_secret="the-inbox-secret",  # noqa: S106 - a name to be replaced
)


def configured(target: Target, values: Values, configuration: Configuration) -> Configuration:
    """Return the configuration that a target's rules are made with."""
    made = values.configured(configuration)
    return made.model_copy(update={"engine": target}) if _has_no_ledger(target) else made


def exported(
    target: Target, services: Sequence[Service], values: Values, configuration: Configuration
) -> Export:
    """Return what a target gets.

    Args:
        target: Who reads it.
        services: The services, made with `configuration`.
        values: What is set.
        configuration: As `configured` returns it.

    Raises:
        ExportError: a target without rules of its own would get nothing.
        SpecError: two SLOs would have one file.
    """
    if target == "grafana":
        made = grafana.dashboards(configuration.identity)
        return Export(_below("dashboards", made), tuple(grafana.notes(configuration)))
    if target == "helm":
        return Export(_of_chart(services, values, configuration))
    if target == "loki":
        rules: _Rules = {
            _named("logs", services): written_rules.logs(services, values, configuration)
        }
    else:
        rules = _rules(services, values, configuration)
    if target == "victoriametrics":
        rules = _without_waiting(rules)
    if not any(rules.values()):
        raise ExportError(f"--to {target}: there is no rule to write")
    alerts = {rule["alert"] for rule in _all_rules(rules) if "alert" in rule}
    books = runbooks(alerts, [each.job for each in services], values.alertmanager_job)
    files = _below("runbooks", books)
    if target == "prometheus-operator":
        files |= _as_resources(rules, values, configuration)
    else:
        files |= {f"rules/{name}.yml": dumped({"groups": groups}) for name, groups in rules.items()}
        if target != "loki":
            name, text = routes.configuration_file(values, configuration)
            files[name] = text
    return Export(files, tuple(_notes(alerts, books, values, target)))


def dumped(content: object) -> str:
    """Return a file's text."""
    return _HEADER + yaml_text(content, has_blocks=True)


def _of_chart(
    services: Sequence[Service], values: Values, configuration: Configuration
) -> dict[str, str]:
    rules = _rules(services, values, configuration)
    logs = {_named("logs", services): written_rules.logs(services, values, configuration)}
    made = {f"rules/{name}.yml": dumped({"groups": groups}) for name, groups in rules.items()}
    made |= {f"logs/{name}.yml": dumped({"groups": groups}) for name, groups in logs.items()}
    made |= {f"alloy/{name}": shipped.text(f"alloy/{name}") for name in _ALLOY}
    made["alertmanagerconfig.yml"] = dumped(routes.resource_spec(values, configuration))
    return made | _below("dashboards", grafana.dashboards(configuration.identity))


def _rules(services: Sequence[Service], values: Values, configuration: Configuration) -> _Rules:
    made: _Rules = dict(rule_groups(services))
    if found := written_rules.causes(services, values, configuration):
        made[_named("causes", services)] = found
    if values.inbox is not None:
        made["inbox"] = written_rules.inbox(values, configuration)
    return made


def _without_waiting(rules: _Rules) -> _Rules:
    """Have vmalert ask for samples of the last half minute too (-search.latencyOffset).

    An alert comes some records after its events, and would be late by as much for each.
    """
    asking = {"params": {"nocache": ["1"]}}
    return {
        name: [{"name": group["name"], **asking, **group} for group in groups]
        for name, groups in rules.items()
    }


def _named(name: str, services: Sequence[Service]) -> str:
    """Return a name that the export of another service does not have."""
    return f"{name}-{services[0].stem}" if len(services) == 1 else name


def _as_resources(rules: _Rules, values: Values, configuration: Configuration) -> dict[str, str]:
    made = {}
    for name, groups in rules.items():
        resource = resources.prometheus_rule(f"burnrate-{name}", groups, values)
        made[f"rules-{name}.yaml"] = dumped(resource)
    spec = routes.resource_spec(values, configuration)
    made["alertmanagerconfig.yaml"] = dumped(
        resources.alertmanager_config("burnrate", spec, values)
    )
    for file, text in grafana.dashboards(configuration.identity).items():
        name = file.removesuffix(".json")
        resource = resources.dashboard(f"burnrate-dashboard-{name}", file, text, values)
        made[f"dashboard-{name}.yaml"] = dumped(resource)
    return made


def _notes(
    alerts: Iterable[str], books: Mapping[str, str], values: Values, target: Target
) -> Iterable[str]:
    without = sorted(name for name in alerts if f"{name}.md" not in books)
    if without:
        yield f"runbooks: none is shipped for {', '.join(without)}"
    if values.inbox is None and target != "loki":
        yield "inbox: without --set inbox=URL, receivers and routes are your own"
    if _has_no_ledger(target):
        yield "rules: windows are counted by increase, without a ledger (docs/export.md)"


def _has_no_ledger(target: Target) -> bool:
    """Say whether its rules do not see at once what they recorded."""
    engine = ENGINES.get(target)
    return engine is not None and not engine.reads_back


def _all_rules(rules: _Rules) -> Iterable[dict[str, Any]]:
    return (rule for groups in rules.values() for group in groups for rule in group["rules"])


def _below(folder: str, files: Mapping[str, str]) -> dict[str, str]:
    return {f"{folder}/{name}": text for name, text in files.items()}
