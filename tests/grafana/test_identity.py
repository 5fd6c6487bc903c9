"""Dashboards for services that are named by cluster and namespace as well."""

import json
import re
from dataclasses import replace
from typing import Any

import promql_parser
import pytest

from grafana.build import dashboards, render
from grafana.promises import Promises
from tests.grafana.panels import ROOT, every_value, fill, panels

_IDENTITY = ("cluster", "namespace", "service")
_PROMISES = replace(Promises.read(ROOT), identity=_IDENTITY)
_MADE: dict[str, dict[str, Any]] = {
    name: json.loads(render(page, _IDENTITY)) for name, page in dashboards(_PROMISES).items()
}
_OF_A_SERVICE = ("overview.json", "service.json", "saturation.json", "traces.json")


@pytest.mark.parametrize("name", _OF_A_SERVICE)
def test_a_service_is_chosen_from_the_outside_in(name: str) -> None:
    """Cluster, then the namespaces in it, then the services in that."""
    variables = [v for v in _MADE[name]["templating"]["list"] if v["type"] == "query"]

    assert [each["name"] for each in variables[:3]] == list(_IDENTITY)
    cluster, namespace, service = (each["query"] for each in variables[:3])
    assert "$" not in cluster
    assert 'cluster="$cluster"' in namespace
    assert 'cluster="$cluster", namespace="$namespace"' in service


@pytest.mark.parametrize("name", _OF_A_SERVICE)
def test_no_query_of_a_service_lacks_a_label_of_its_identity(name: str) -> None:
    """Otherwise one environment's figures would be added to another's; and each is PromQL."""
    values = {**every_value(_MADE[name], "api"), "cluster": "eu", "namespace": "prod"}
    for panel in panels(_MADE[name]):
        if panel["datasource"]["type"] != "prometheus":
            continue
        for target in panel["targets"]:
            query = fill(target["expr"], values)
            promql_parser.parse(query)
            for matcher in re.findall(r"{[^{}]*service=~?\"[^{}]*}", query):
                assert re.search(r'cluster=~?"eu", namespace=~?"prod", service=~?"api"', matcher)
            for labels in re.findall(r"\b(?:by|on) \(([^()]*\bservice\b[^()]*)\)", query):
                assert labels.startswith("cluster, namespace, service")


def test_links_take_the_whole_identity_along() -> None:
    """A click must not lead to the service of the same name elsewhere."""
    urls = re.findall(r"'url': '([^']*var-service=[^']*)'", repr(_MADE))
    chosen = "var-cluster=${cluster}&var-namespace=${namespace}&var-service="
    of_row = "".join(
        f'var-{name}=${{__data.fields["{name.capitalize()}"]:percentencode}}&'
        for name in ("cluster", "namespace")
    )

    assert urls
    for url in urls:
        assert chosen in url or f"{of_row}var-service=${{__data" in url
    assert any(
        of_row in url for url in re.findall(r"'url': '([^']*)'", repr(_MADE["services.json"]))
    )


def test_tables_of_all_services_have_a_row_and_a_column_for_each_environment() -> None:
    """Without a choice of a service, what is listed must not be merged by its name."""
    (parts,) = (panel for panel in panels(_MADE["stack.json"]) if panel["title"] == "Parts")
    (columns,) = (each["options"] for each in parts["transformations"] if each["id"] == "organize")

    for target in parts["targets"]:
        assert " by (cluster, namespace, service, job) " in target["expr"]
    order = sorted(columns["indexByName"], key=columns["indexByName"].__getitem__)
    shown = [columns["renameByName"][name] for name in order]
    assert shown[:4] == ["Cluster", "Namespace", "Part", "Asked by job"]
    assert sorted(columns["indexByName"].values()) == list(range(len(shown)))
    assert set(columns["includeByName"]) == set(columns["indexByName"])
