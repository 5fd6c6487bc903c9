"""gunicorn's configuration of the foreign service, as `docs/adopting/gunicorn.md` shows it."""

import os

from burnrate.telemetry import server as telemetry

telemetry.prepare()
worker_class = telemetry.WORKER_CLASS
logconfig_dict = telemetry.log_config("foreign")
child_exit = telemetry.child_exit
on_exit = telemetry.on_exit
when_ready = telemetry.when_ready

workers = int(os.environ.get("WORKERS", "4"))
max_requests = int(os.environ.get("MAX_REQUESTS", "0"))
# No worker of a busy machine is taken for a blocked one, unless a test is about that.
timeout = int(os.environ.get("HEARTBEAT_SECONDS", "120"))
graceful_timeout = 12
control_socket_disable = True
