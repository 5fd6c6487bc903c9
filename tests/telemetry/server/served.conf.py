"""gunicorn's configuration of the application of the matrix."""

from burnrate.telemetry import server as telemetry

telemetry.prepare()
worker_class = telemetry.WORKER_CLASS
logconfig_dict = telemetry.log_config("served")
child_exit = telemetry.child_exit
on_exit = telemetry.on_exit
timeout = 120
graceful_timeout = 5
control_socket_disable = True
