"""gunicorn's configuration for the server of one variant, named by `BURNRATE_BENCH_*`."""

import os
from pathlib import Path

from burnrate.telemetry import server as telemetry

bind = os.environ["BURNRATE_BENCH_BIND"]
workers = int(os.environ["BURNRATE_BENCH_WORKERS"])
worker_class = "uvicorn_worker.UvicornWorker"
keepalive = 75
graceful_timeout = 4
accesslog = None
# Heartbeats are writes to a file; in memory they never wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
control_socket_disable = True

if os.environ["BURNRATE_BENCH_INSTRUMENTATION"] == "burnrate":  # as a service that adopts it does
    telemetry.prepare()
    worker_class = telemetry.WORKER_CLASS
    logconfig_dict = telemetry.log_config("bench")
    child_exit = telemetry.child_exit
    on_exit = telemetry.on_exit
