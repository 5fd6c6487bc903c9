"""Who a request is: its ids, its caller's context, and whether it is sampled."""

import re
from collections.abc import Iterable
from random import getrandbits
from typing import Final

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import SamplingResult

from burnrate.telemetry.context import RequestInfo
from burnrate.telemetry.traces.tracing import Tracing

_REQUEST_ID: Final = b"x-request-id"
_HEADERS: Final = frozenset((_REQUEST_ID, b"traceparent", b"tracestate", b"baggage"))
# A longer or stranger id is replaced: it goes into the logs and headers of everything behind us.
_SANE_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# What RequestInfo(...) calls, without the Python function around it.
_new: Final = tuple.__new__

Identity = tuple[RequestInfo, Context | None, SamplingResult | None]


def identify(headers: Iterable[tuple[bytes, bytes]], tracing: Tracing | None) -> Identity:
    """Return the ids of a request, its caller's context, and why it is sampled, if it is.

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
    # All ids in one draw: formatting each by itself is most of their cost.
    bits = getrandbits(320)
    drawn = bits.to_bytes(40, "big").hex()
    if request_id is None:
        request_id = drawn[48:]
    if carrier:
        return _called_by(carrier, request_id, drawn, tracing)
    sampling = None if tracing is None else tracing.decide(None, bits >> 192)
    ids = (request_id, drawn[:32], drawn[32:48], sampling is not None)
    return _new(RequestInfo, ids), None, sampling


def _called_by(
    carrier: dict[str, str], request_id: str, drawn: str, tracing: Tracing | None
) -> Identity:
    parent = propagate.extract(carrier, context=Context())
    caller = trace.get_current_span(parent).get_span_context()
    trace_id = caller.trace_id if caller.is_valid else int(drawn[:32], 16)
    sampling = None if tracing is None else tracing.decide(parent, trace_id)
    request = RequestInfo(request_id, f"{trace_id:032x}", drawn[32:48], sampling is not None)
    return request, parent, sampling
