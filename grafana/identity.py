"""Dashboards for services that are named by more labels than `service`.

Dashboards are written for the shipped identity. For a longer one, each choice of a service is
preceded by a choice of each other label, and every query, list of labels and link that has the
service has those as well. Loki's and Tempo's queries stay: streams and spans know the service only.
"""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from burnrate.slo.generator import with_identity

Json = dict[str, Any]


def identified(dashboard: Json, identity: Sequence[str]) -> Json:
    """Return a dashboard, as it is in its file, for this identity.

    Args:
        dashboard: The parsed file.
        identity: The labels that name a service, `service` among them.
    """
    others = [name for name in identity if name != "service"]
    made = copy.deepcopy(dashboard)
    if not others:
        return made
    _lead_on(made, others)
    variables = made["templating"]["list"]
    service = next((each for each in variables if each["name"] == "service"), None)
    if service is None or not _asks_prometheus(service):
        return made
    for query in _queries(made):
        for key in ("expr", "query"):
            if isinstance(query.get(key), str):
                query[key] = _narrowed(query[key], identity, others)
    place = variables.index(service)
    selector, _, _ = service["query"].removeprefix("label_values(").rpartition(", ")
    choices = []
    for index, name in enumerate(others):
        asked = f"label_values({_with(selector, others[:index])}, {name})"
        choices.append({**service, "name": name, "label": name.capitalize(), "query": asked})
    service["query"] = f"label_values({_with(selector, others)}, service)"
    variables[place:place] = choices
    return made


def _queries(dashboard: Json) -> Iterator[Json]:
    for panel in dashboard["panels"]:
        if _asks_prometheus(panel):
            yield from panel.get("targets", ())
    for holder in (dashboard["annotations"], dashboard["templating"]):
        yield from filter(_asks_prometheus, holder.get("list", ()))


def _asks_prometheus(holder: Json) -> bool:
    source = holder.get("datasource")
    return isinstance(source, dict) and source.get("type") == "prometheus"


def _narrowed(query: str, identity: Sequence[str], others: Sequence[str]) -> str:
    for operator in ("=", "=~"):
        chosen = ", ".join(f'{name}{operator}"${name}"' for name in (*others, "service"))
        query = query.replace(f'service{operator}"$service"', chosen)
    return with_identity(query, identity)


def _with(selector: str, names: Sequence[str]) -> str:
    matchers = ", ".join(f'{name}="${name}"' for name in names)
    if not matchers:
        return selector
    if selector.endswith("}"):
        return f"{selector.removesuffix('}')}, {matchers}}}"
    return f"{selector}{{{matchers}}}"


def _lead_on(node: Any, others: Sequence[str]) -> None:  # noqa: ANN401 - any part of the file
    """Have every link below `node` pass the labels on."""
    if isinstance(node, dict):
        if isinstance(node.get("url"), str):
            chosen = "".join(f"var-{name}=${{{name}}}&" for name in others)
            node["url"] = node["url"].replace("var-service=", f"{chosen}var-service=")
        for value in node.values():
            _lead_on(value, others)
    elif isinstance(node, list):
        for value in node:
            _lead_on(value, others)
