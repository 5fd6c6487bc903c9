"""The gunicorn worker with limits on the head of a request."""

from typing import Any, ClassVar

from burnrate.telemetry.server.bounded_http import BoundedHttp
from burnrate.telemetry.server.worker import Worker


class BoundedWorker(Worker):
    """The usual one, but for its HTTP protocol."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {**Worker.CONFIG_KWARGS, "http": BoundedHttp}
