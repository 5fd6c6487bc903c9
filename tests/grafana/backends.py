"""Asks the stores what Grafana would ask them."""

import math
import re
import time
from typing import Any, Final

import httpx2

from tests.grafana.panels import PanelQuery, fill
from tests.support.waiting import PATIENCE_SECONDS

# The part of the past that is looked at: the traffic is younger than this.
_SECONDS = 300
# Where each store says its version.
VERSIONS: Final = {
    "prometheus": "/api/v1/status/buildinfo",
    "loki": "/loki/api/v1/status/buildinfo",
    "tempo": "/api/status/buildinfo",
}


class Backends:
    """Prometheus, Alertmanager, Loki and Tempo of one stack; the last two may be missing."""

    def __init__(self, addresses: dict[str, str]) -> None:
        self.addresses = addresses
        # One for all: making a client costs more than a question does.
        self._client = httpx2.Client(timeout=PATIENCE_SECONDS)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def has_data(self, query: PanelQuery, values: dict[str, str]) -> bool:
        """Say whether a panel's query returns anything but NaN."""
        text = fill(query.text, values)
        if query.kind == "prometheus":
            return _has_number(self.prometheus(text, is_instant=query.is_instant))
        if query.kind == "loki":
            result = self.loki(text, is_instant=query.is_instant)
            return _has_number(result) or any("stream" in stream for stream in result)
        return bool(self.traces(text))

    def prometheus(self, text: str, *, is_instant: bool = True) -> list[dict[str, Any]]:
        """Return a query's result."""
        return self._ask("prometheus", "/api/v1", text, is_instant=is_instant)

    def loki(self, text: str, *, is_instant: bool = False) -> list[dict[str, Any]]:
        """Return a query's result."""
        return self._ask("loki", "/loki/api/v1", text, is_instant=is_instant)

    def version(self, part: str) -> str:
        """Return which version of a store answers."""
        answer = self._get(part, VERSIONS[part])
        version: str = answer.get("data", answer)["version"]
        return version

    def firing(self, **labels: str) -> list[dict[str, Any]]:
        """Return the alerts with these labels that Alertmanager holds."""
        alerts: list[dict[str, Any]] = self._answer("alertmanager", "/api/v2/alerts").json()
        return [alert for alert in alerts if labels.items() <= alert["labels"].items()]

    def delivered(self, alertname: str) -> list[dict[str, Any]]:
        """Return what the inbox has of an alert."""
        alerts: list[dict[str, Any]] = self._answer("inbox", "/alerts").json()["alerts"]
        return [alert for alert in alerts if alert["labels"]["alertname"] == alertname]

    def choices(self, part: str, query: str) -> list[str]:
        """Return what a variable's `label_values` or `query_result` query offers."""
        if result := re.fullmatch(r"query_result\((.+)\)", query):
            return [each["value"][1] for each in self.prometheus(result[1])]
        match = re.fullmatch(r"label_values\((?:(.+), )?(\w+)\)", query)
        assert match is not None, query
        prefix = "/loki/api/v1" if part == "loki" else "/api/v1"
        selector = {"match[]": match[1]} if match[1] else {}
        found = self._get(part, f"{prefix}/label/{match[2]}/values", **selector)["data"]
        return list(found or ())

    def exemplars(self, text: str) -> list[dict[str, Any]]:
        """Return what a panel's dots are made of."""
        answer = self._get("prometheus", "/api/v1/query_exemplars", query=text, **_range())
        return [exemplar for series in answer["data"] for exemplar in series["exemplars"]]

    def traces(self, text: str) -> list[dict[str, Any]]:
        """Return the traces that a TraceQL query finds."""
        found: list[dict[str, Any]] = self._get("tempo", "/api/search", q=text, **_range())[
            "traces"
        ]
        return found

    def spans(self, trace_id: str) -> list[dict[str, Any]]:
        """Return a trace's spans, each with its own and its resource's attributes by name."""
        answer = self._client.get(
            f"http://{self.addresses['tempo']}/api/v2/traces/{trace_id}",
            headers={"Accept": "application/json"},
        )
        if answer.status_code != 200:
            return []
        spans = []
        for resource in answer.json()["trace"].get("resourceSpans", []):
            for scope in resource["scopeSpans"]:
                for span in scope["spans"]:
                    own = _attributes(span.get("attributes", []))
                    spans.append({**span, **_attributes(resource["resource"]["attributes"]), **own})
        return spans

    def _ask(self, part: str, prefix: str, text: str, *, is_instant: bool) -> list[dict[str, Any]]:
        if is_instant:
            answer = self._get(part, f"{prefix}/query", query=text)
        else:
            answer = self._get(part, f"{prefix}/query_range", query=text, step="15s", **_range())
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    def _get(self, part: str, path: str, **parameters: str) -> dict[str, Any]:
        body: dict[str, Any] = self._answer(part, path, **parameters).json()
        return body

    def _answer(self, part: str, path: str, **parameters: str) -> httpx2.Response:
        answer = self._client.get(f"http://{self.addresses[part]}{path}", params=parameters)
        assert answer.status_code == 200, f"{parameters}: {answer.text}"
        return answer


def _range() -> dict[str, str]:
    now = int(time.time())
    return {"start": str(now - _SECONDS), "end": str(now + 1)}


def _has_number(result: list[dict[str, Any]]) -> bool:
    values: list[Any] = []
    for series in result:
        if "metric" in series:
            values += series["values"] if "values" in series else [series["value"]]
    return any(math.isfinite(float(value)) for _, value in values)


def _attributes(pairs: list[dict[str, Any]]) -> dict[str, str]:
    return {pair["key"]: str(next(iter(pair["value"].values()))) for pair in pairs}
