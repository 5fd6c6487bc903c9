"""Dashboards for services that are named by more labels than `service`.

Dashboards are written for the shipped identity. For a longer one, each choice of a service is
preceded by a choice of each other label, and every query, list of labels, column and link that has
the service has those as well. Streams of lines may have them, so Loki's queries take those that do
and those that name none. Tempo's queries stay: spans know the service only.
"""

import copy
import re
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
    choice = next((each for each in variables if each["name"] == "service"), None)
    if choice is not None:
        _narrow_streams(made, others)
    if choice is not None and _asks(choice, "loki"):
        place = variables.index(choice)
        variables[place:place] = [
            {**choice, "name": name, "label": _title(name), "query": f"label_values({name})"}
            for name in others
        ]
    service = choice if choice is not None and _asks(choice, "prometheus") else None
    for query in _queries(made):
        for key in ("expr", "query"):
            if isinstance(query.get(key), str):
                text = with_identity(query[key], identity)
                query[key] = _narrowed(text, others) if service is not None else text
    for panel in made["panels"]:
        if _asks(panel, "prometheus"):
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


def _narrow_streams(dashboard: Json, others: Sequence[str]) -> None:
    """Have panels of lines show the chosen environment's, and those that name none."""
    chosen = "".join(f', {name}=~"|${name}"' for name in others)
    for panel in dashboard["panels"]:
        if _asks(panel, "loki"):
            for target in panel["targets"]:
                target["expr"] = re.sub(
                    r'service=~?"\$service"', lambda found: found[0] + chosen, target["expr"]
                )


def _queries(dashboard: Json) -> Iterator[Json]:
    for panel in dashboard["panels"]:
        if _asks(panel, "prometheus"):
            yield from panel.get("targets", ())
    for holder in (dashboard["annotations"], dashboard["templating"]):
        yield from (each for each in holder.get("list", ()) if _asks(each, "prometheus"))


def _asks(holder: Json, source: str) -> bool:
    found = holder.get("datasource")
    return isinstance(found, dict) and found.get("type") == source


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
