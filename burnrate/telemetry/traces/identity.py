"""Who a request is: its ids, its caller's context, and whether it is sampled."""

import re
from collections.abc import Iterable
from random import getrandbits
from typing import Final

from opentelemetry import propagate, trace
from opentelemetry.context import Context

from burnrate.telemetry.context import RequestInfo
from burnrate.telemetry.traces.tracing import Tracing

_REQUEST_ID: Final = b"x-request-id"
_HEADERS: Final = frozenset((_REQUEST_ID, b"traceparent", b"tracestate", b"baggage"))
# Other ids are replaced: they would go into the logs and headers of every service behind this.
_SANE_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# What RequestInfo(...) calls; calling it directly saves a Python function.
_new: Final = tuple.__new__

Identity = tuple[RequestInfo, Context | None]


def identify(headers: Iterable[tuple[bytes, bytes]], tracing: Tracing | None) -> Identity:
    """Return the ids of a request, and its caller's context if it sent any.

    Args:
        headers: The request's, as ASGI has them.
        tracing: Decides whether it is sampled; None when traces are off.
    """
    request_id = None
    carrier: dict[str, str] = {}
    for name, value in headers:
        if name in _HEADERS:
            if name != _REQUEST_ID:
                carrier[name.decode("ascii")] = value.decode("latin-1")
            elif _SANE_REQUEST_ID.fullmatch(value):
                request_id = value.decode("ascii")
    # One random number for all ids: formatting them one by one would be most of their cost.
    bits = getrandbits(320)
    drawn = bits.to_bytes(40, "big").hex()
    if request_id is None:
        request_id = drawn[48:]
    if carrier:
        return _called_by(carrier, request_id, drawn, tracing)
    is_sampled = tracing is not None and tracing.is_sampled(None, bits >> 192)
    return _new(RequestInfo, (request_id, drawn[:32], drawn[32:48], is_sampled)), None


def _called_by(
    carrier: dict[str, str], request_id: str, drawn: str, tracing: Tracing | None
) -> Identity:
    parent = propagate.extract(carrier, context=Context())
    caller = trace.get_current_span(parent).get_span_context()
    trace_id = caller.trace_id if caller.is_valid else int(drawn[:32], 16)
    is_sampled = tracing is not None and tracing.is_sampled(parent, trace_id)
    return RequestInfo(request_id, f"{trace_id:032x}", drawn[32:48], is_sampled), parent
