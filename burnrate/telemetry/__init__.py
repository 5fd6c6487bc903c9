"""Metrics, JSON logs and traces for any FastAPI or Starlette service.

```python
from burnrate.telemetry import instrument

telemetry = instrument(app, service="shop", version="1.2.3")
```
"""

from burnrate.telemetry.context import RequestInfo, current_request
from burnrate.telemetry.deadlines import deadline
from burnrate.telemetry.instrumentation import Telemetry, instrument
from burnrate.telemetry.route_table import Endpoint, read_endpoints
from burnrate.telemetry.settings import Options, TelemetrySettings

__all__ = [
    "Endpoint",
    "Options",
    "RequestInfo",
    "Telemetry",
    "TelemetrySettings",
    "current_request",
    "deadline",
    "instrument",
    "read_endpoints",
]
