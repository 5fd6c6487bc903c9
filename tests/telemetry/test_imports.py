"""What somebody else's service has to install, and what its start has to load."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

IMPORT = """
import sys
for name in ("asyncpg", "redis", "gunicorn", "uvicorn", "uvicorn_worker", "fastapi", "click"):
    sys.modules[name] = None  # an import of it raises ImportError
from starlette.applications import Starlette
from burnrate.telemetry import instrument
from burnrate.telemetry.pools import MeasuredPool
instrument(Starlette(), service="bare")
print(*sys.modules)
"""


def test_telemetry_needs_its_base_dependencies_only() -> None:
    """No server, pool or framework has to be installed, and no exporter is loaded for nothing."""
    command = [sys.executable, "-c", IMPORT]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "burnrate.telemetry.workers" in loaded
    assert "burnrate.telemetry.traces.otlp" not in loaded
    assert not [name for name in loaded if name.startswith("opentelemetry.exporter")]


# What a base install does not have.
EXTRA = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        names = ("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.instrumentation")
        if name in names or name.startswith("opentelemetry.proto"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
from fastapi import FastAPI
from fastapi.testclient import TestClient
from burnrate.telemetry import instrument
app = FastAPI()
app.get("/orders/{order}")(lambda order: order)
instrument(app, service="bare")
with TestClient(app) as client:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    client.get("/orders/7", headers={"traceparent": parent})
    print(client.get("/metrics").text)
"""


@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:1"])
def test_a_base_install_measures_logs_and_names_the_extra_that_traces_need(endpoint: str) -> None:
    """One line where they are asked for; callers' trace ids are in the log lines in any case."""
    command = [sys.executable, "-c", EXTRA]
    env = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout
    assert 'http_requests_total{endpoint="/orders/{order}",method="GET",status="200"} 1.0' in said
    assert '"trace_id": "0af7651916cd43dd8448eb211c80319c"' in said
    assert said.count("pip install 'burnrate-stack[traces]'") == bool(endpoint)


def test_the_base_has_no_more_than_it_needs() -> None:
    """A service that wants no traces does not install what sends them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [each.partition(">")[0] for each in project["dependencies"]]
    assert names == [
        "opentelemetry-api",
        "prometheus-client",
        "pydantic-settings",
        "python-json-logger",
        "starlette",
    ]
    assert "opentelemetry-sdk" in str(project["optional-dependencies"]["traces"])
