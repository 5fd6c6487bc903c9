"""What an answer says of its route, for the count of the proxy in front."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from burnrate.telemetry import instrument
from burnrate.telemetry.settings import TelemetrySettings

_INTERNAL = "metrics,health"


def _kinds(app: FastAPI, *paths: str) -> list[str | None]:
    @app.get("/health/ready")
    @app.get("/healthy")
    @app.get("/items/{item}")
    async def answer() -> None:
        """Answer."""

    instrument(app, service="test", version="1.0", registry=CollectorRegistry())
    client = TestClient(app)
    return [client.get(path).headers.get("x-request-kind") for path in paths]


def test_unless_told_to_an_answer_says_nothing() -> None:
    """Clients of a service without a proxy would see it."""
    assert _kinds(FastAPI(), "/metrics", "/health/ready", "/wp-login.php", "/items/1") == [None] * 4


def test_an_answer_says_its_kind_by_its_route(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first segment as a whole; a route needs no word."""
    monkeypatch.setenv("TELEMETRY_INTERNAL_ROUTES", _INTERNAL)
    kinds = _kinds(
        FastAPI(), "/metrics", "/health/ready", "/wp-login.php", "/items/1", "/healthy", "/health"
    )
    assert kinds == ["internal", "internal", "unmatched", None, None, "unmatched"]


@pytest.mark.parametrize("text", ["metrics,", ",", "/metrics", "a b"])
def test_a_wrong_list_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path in place of its first segment would match nothing."""
    monkeypatch.setenv("TELEMETRY_INTERNAL_ROUTES", text)
    with pytest.raises(ValueError, match="internal_routes"):
        TelemetrySettings()
