"""What somebody else's service has to install, and what its start has to load."""

import subprocess
import sys

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
