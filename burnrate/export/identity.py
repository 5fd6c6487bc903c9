"""Dashboards for services that are named by more labels than `service`.

Dashboards are written for the shipped identity. For a longer one, each choice of a service is
preceded by a choice of each other label, and every query, list of labels, column and link that has
the service has those as well. Loki's and Tempo's queries stay: streams and spans know the service
only.
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
    variables = made["templating"]["list"]
    service = next(
        (each for each in variables if each["name"] == "service" and _asks_prometheus(each)), None
    )
    for query in _queries(made):
        for key in ("expr", "query"):
            if isinstance(query.get(key), str):
                text = with_identity(query[key], identity)
                query[key] = _narrowed(text, others) if service is not None else text
    for panel in filter(_asks_prometheus, made["panels"]):
        _add_columns(panel, others)
    if service is not None:
        _lead_on(made, {name: f"${{{name}}}" for name in others})
        _add_choices(variables, service, others)
    else:
        # Links of a row that has the labels as columns.
        fields = {name: f'${{__data.fields["{_title(name)}"]:percentencode}}' for name in others}
        _lead_on(made, fields)
    return made


def _add_choices(variables: list[Json], service: Json, others: Sequence[str]) -> None:
    """Put a choice of each other label before that of the service, which is among those."""
    place = variables.index(service)
    selector, _, _ = service["query"].removeprefix("label_values(").rpartition(", ")
    choices = []
    for index, name in enumerate(others):
        asked = f"label_values({_with(selector, others[:index])}, {name})"
        choices.append({**service, "name": name, "label": _title(name), "query": asked})
    service["query"] = f"label_values({_with(selector, others)}, service)"
    variables[place:place] = choices


def _add_columns(panel: Json, others: Sequence[str]) -> None:
    """Have a table with a column of services show the other labels before it."""
    for each in panel.get("transformations", ()):
        names = each["options"].get("renameByName", {})
        if each["id"] != "organize" or "service" not in names:
            continue
        order = sorted(names, key=each["options"]["indexByName"].__getitem__)
        place = order.index("service")
        order[place:place] = others
        each["options"]["indexByName"] = {name: index for index, name in enumerate(order)}
        each["options"]["includeByName"] = dict.fromkeys(order, True)
        names.update({name: _title(name) for name in others})


def _queries(dashboard: Json) -> Iterator[Json]:
    for panel in dashboard["panels"]:
        if _asks_prometheus(panel):
            yield from panel.get("targets", ())
    for holder in (dashboard["annotations"], dashboard["templating"]):
        yield from filter(_asks_prometheus, holder.get("list", ()))


def _asks_prometheus(holder: Json) -> bool:
    source = holder.get("datasource")
    return isinstance(source, dict) and source.get("type") == "prometheus"


def _narrowed(query: str, others: Sequence[str]) -> str:
    for operator in ("=", "=~"):
        chosen = ", ".join(f'{name}{operator}"${name}"' for name in (*others, "service"))
        query = query.replace(f'service{operator}"$service"', chosen)
    return query


def _with(selector: str, names: Sequence[str]) -> str:
    matchers = ", ".join(f'{name}="${name}"' for name in names)
    if not matchers:
        return selector
    if selector.endswith("}"):
        return f"{selector.removesuffix('}')}, {matchers}}}"
    return f"{selector}{{{matchers}}}"


def _title(name: str) -> str:
    return name.capitalize()


def _lead_on(node: Any, values: dict[str, str]) -> None:  # noqa: ANN401 - any part of the file
    """Have every link below `node` pass the labels on, with these values."""
    if isinstance(node, dict):
        if isinstance(node.get("url"), str):
            chosen = "".join(f"var-{name}={value}&" for name, value in values.items())
            node["url"] = node["url"].replace("var-service=", f"{chosen}var-service=")
        for value in node.values():
            _lead_on(value, values)
    elif isinstance(node, list):
        for value in node:
            _lead_on(value, values)
