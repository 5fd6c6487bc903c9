"""Runs a service under gunicorn: the worker, the metric files, the logs.

```python
# gunicorn.conf.py
from burnrate.telemetry import server as telemetry

telemetry.prepare()
worker_class = telemetry.WORKER_CLASS
logconfig_dict = telemetry.log_config("shop")
child_exit = telemetry.child_exit
on_exit = telemetry.on_exit
when_ready = telemetry.when_ready  # SIGHUP: new code, and always somebody who serves
```
"""

from burnrate.telemetry.server.hooks import (
    BOUNDED_HTTP,
    BOUNDED_WORKER_CLASS,
    WORKER_CLASS,
    child_exit,
    log_config,
    on_exit,
    prepare,
)
from burnrate.telemetry.server.renewal import when_ready

__all__ = [
    "BOUNDED_HTTP",
    "BOUNDED_WORKER_CLASS",
    "WORKER_CLASS",
    "child_exit",
    "log_config",
    "on_exit",
    "prepare",
    "when_ready",
]
