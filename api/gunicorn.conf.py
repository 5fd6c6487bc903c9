# ruff: noqa: N999 - gunicorn's own name for the file
"""gunicorn's configuration; every value that differs between places comes from the settings."""

import gc
import importlib
from pathlib import Path

from api.settings import load_settings_or_exit
from burnrate.telemetry import server as telemetry

# Read here too, so that a wrong value stops the master before it has a single worker.
_settings = load_settings_or_exit().server

telemetry.prepare()
# Once, by the master, which forks: a worker that takes another's place would spend most of a second
# of CPU time on it, and whoever is served meanwhile would wait. Each worker makes an application of
# its own. After `prepare`, so that metrics have their files; frozen, so that the memory stays one.
importlib.import_module("api.main")
gc.collect()
gc.freeze()

bind = _settings.api_bind
workers = _settings.web_concurrency
# Whoever reaches this port past nginx does not meet nginx' limits.
worker_class = telemetry.BOUNDED_WORKER_CLASS
# For gunicorn's own workers; uvicorn's takes what comes, and nginx limits connections.
worker_connections = 1_000
# Workers are recycled so that a slow leak never matters; the jitter keeps them from leaving
# together.
max_requests = _settings.max_requests
max_requests_jitter = _settings.max_requests_jitter
# A worker whose event loop has been stuck for this long will not recover.
timeout = 30
# How long requests in flight may take after SIGTERM; the container's stop grace is longer.
graceful_timeout = _settings.graceful_timeout_seconds
# Longer than nginx keeps idle connections to us (60 s), so that it is nginx who closes them: a
# request sent into a connection that is just being closed here would fail.
keepalive = 75
# The proxy alone: anybody else who is trusted could claim any client address.
forwarded_allow_ips = _settings.forwarded_allow_ips

# Heartbeats are writes to a file; in memory they never wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# A socket in the home folder through which anyone with its rights can steer the master: nothing
# here uses it, and in a container the folder is read-only.
control_socket_disable = True


def post_worker_init(_worker: object) -> None:
    """Leave what is loaded by now out of every garbage collection, and collect less often.

    Requests in flight are young objects, and by default each 700 more of them have all looked
    through, soon with everything that was ever imported: a fifth of the CPU time of a request
    (docs/decisions/0008-less-garbage-collection.md). What is no cycle is freed without it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


# The telemetry writes the request line.
accesslog = None
logconfig_dict = telemetry.log_config("api")
child_exit = telemetry.child_exit
on_exit = telemetry.on_exit
# SIGHUP, which `burnrate stack restart api` sends: new code, and always somebody who serves.
when_ready = telemetry.when_ready
