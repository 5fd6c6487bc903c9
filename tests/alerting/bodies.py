"""Webhook bodies as Alertmanager writes them."""

import json
from collections.abc import Mapping
from typing import Any

# Ours: others have an alert of that name as well.
WATCHDOG_LABELS = {"alertname": "Watchdog", "severity": "none", "service": "prometheus"}
ZERO_TIME = "0001-01-01T00:00:00Z"


def an_alert(
    fingerprint: str = "a0b1c2d3e4f50617",
    *,
    starts_at: str = "2026-11-24T10:00:00.123456789Z",
    ends_at: str = ZERO_TIME,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """One alert; resolved if it has an end."""
    return {
        "status": "firing" if ends_at == ZERO_TIME else "resolved",
        "labels": {"alertname": "HighErrors", "severity": "page", "service": "api"}
        | dict(labels or {}),
        "annotations": dict(annotations or {"summary": "Too many errors."}),
        "startsAt": starts_at,
        "endsAt": ends_at,
        "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
        "fingerprint": fingerprint,
    }


def a_delivery(*alerts: Mapping[str, Any], **fields: Any) -> dict[str, Any]:  # noqa: ANN401
    """One notification of some alerts, of one if none is given."""
    content = list(alerts) or [an_alert()]
    return {
        "receiver": "inbox",
        "status": "firing",
        "alerts": content,
        "groupLabels": {"service": "api"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "version": "4",
        "groupKey": '{}/{severity="page"}:{service="api"}',
        "truncatedAlerts": 0,
    } | fields


def a_body(*alerts: Mapping[str, Any], **fields: Any) -> bytes:  # noqa: ANN401
    """The same as bytes."""
    return json.dumps(a_delivery(*alerts, **fields)).encode()
