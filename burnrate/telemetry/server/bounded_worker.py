"""The gunicorn worker with limits on the head of a request and on a WebSocket's messages."""

from typing import Any, ClassVar, Final

from burnrate.telemetry.server.bounded_http import BoundedHttp
from burnrate.telemetry.server.worker import Worker

# uvicorn takes 16 MiB, of each client at once, and after decompression from a thousandth of it.
_LONGEST_MESSAGE_BYTES: Final = 65_536


class BoundedWorker(Worker):
    """The usual one, but for its HTTP protocol and the longest message."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        **Worker.CONFIG_KWARGS,
        "http": BoundedHttp,
        "ws_max_size": _LONGEST_MESSAGE_BYTES,
    }
