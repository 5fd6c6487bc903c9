"""gunicorn's configuration for one instance."""

import os

from burnrate.telemetry import server as telemetry

telemetry.prepare()

bind = os.environ["BURNRATE_BENCH_BIND"]
workers = 1
worker_class = telemetry.WORKER_CLASS
logconfig_dict = telemetry.log_config("api")
child_exit = telemetry.child_exit
on_exit = telemetry.on_exit
keepalive = 75
accesslog = None
control_socket_disable = True
