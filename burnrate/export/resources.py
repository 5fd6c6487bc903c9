"""Kubernetes resources around rules, routes and dashboards, for prometheus-operator."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from burnrate.export.values import Values

Resource = dict[str, Any]

_OURS: Final = {"app.kubernetes.io/part-of": "burnrate"}
# What Grafana's sidecar looks for by default.
_DASHBOARD: Final = {"grafana_dashboard": "1"}


def prometheus_rule(name: str, groups: Sequence[Any], values: Values) -> Resource:
    """Return a PrometheusRule."""
    head = _head("monitoring.coreos.com/v1", "PrometheusRule", name, values)
    return {**head, "spec": {"groups": list(groups)}}


def alertmanager_config(name: str, spec: Mapping[str, Any], values: Values) -> Resource:
    """Return an AlertmanagerConfig."""
    head = _head("monitoring.coreos.com/v1alpha1", "AlertmanagerConfig", name, values)
    return {**head, "spec": dict(spec)}


def dashboard(name: str, file: str, text: str, values: Values) -> Resource:
    """Return the ConfigMap of a dashboard."""
    head = _head("v1", "ConfigMap", name, values, _DASHBOARD)
    return {**head, "data": {file: text}}


def _head(
    version: str, kind: str, name: str, values: Values, more: Mapping[str, str] | None = None
) -> Resource:
    valid = re.sub(r"[^a-z0-9.-]+", "-", name.lower()).strip("-.")
    metadata: Resource = {"name": valid, "labels": {**_OURS, **(more or {}), **values.labels}}
    if values.namespace is not None:
        metadata["namespace"] = values.namespace
    return {"apiVersion": version, "kind": kind, "metadata": metadata}
