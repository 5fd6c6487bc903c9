"""gunicorn's configuration as the document has it."""

import os

bind = os.environ["API_BIND"]
workers = int(os.environ["WEB_CONCURRENCY"])
worker_class = "uvicorn_worker.UvicornWorker"
worker_connections = 1000
max_requests = 10000
max_requests_jitter = 1000
timeout = 30
keepalive = 5
