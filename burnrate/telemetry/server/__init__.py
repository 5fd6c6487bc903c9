"""Runs a service under gunicorn: the worker, the metric files, the logs.

```python
# gunicorn.conf.py
from burnrate.telemetry import server as telemetry

telemetry.prepare()
worker_class = telemetry.WORKER_CLASS
logconfig_dict = telemetry.log_config("shop")
child_exit = telemetry.child_exit
on_exit = telemetry.on_exit
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

__all__ = [
    "BOUNDED_HTTP",
    "BOUNDED_WORKER_CLASS",
    "WORKER_CLASS",
    "child_exit",
    "log_config",
    "on_exit",
    "prepare",
]
