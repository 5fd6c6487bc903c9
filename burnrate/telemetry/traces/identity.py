"""Who a request is: its ids, its caller's context, and whether it is sampled."""

import re
from collections.abc import Callable
from random import getrandbits
from typing import TYPE_CHECKING, Final

from opentelemetry import baggage, propagate, trace
from opentelemetry.context import Context
from starlette.types import Scope

from burnrate.telemetry.context import PoolWait, RequestInfo
from burnrate.telemetry.failures import failed
from burnrate.telemetry.settings import Paths
from burnrate.telemetry.traces.variables import carried_headers, excluded_urls

if TYPE_CHECKING:
    from burnrate.telemetry.traces.tracing import Tracing

_REQUEST_ID: Final = b"x-request-id"
# Other ids are replaced: they would go into the logs and headers of every service behind this.
_SANE_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# What RequestInfo(...) calls; calling it directly saves a Python function.
_new: Final = tuple.__new__

# By it a trace id is sampled: TraceIdRatioBased.TRACE_ID_LIMIT of the SDK, which may be missing.
_LOWER_HALF: Final = (1 << 64) - 1

Identity = tuple[RequestInfo, Context | None]


class Identities:
    """Draws the ids of requests, or takes them over from callers.

    Args:
        tracing: Decides what is sampled; None when traces are off.
        untraced: Paths whose requests are not sampled, whatever their callers decided.
        is_caller_trusted: Whether callers may decide it too. Otherwise their ids go on, so that the
            lines of all services are found, and neither their decision nor their baggage does.
    """

    def __init__(
        self,
        tracing: "Tracing | None",
        *,
        untraced: Paths | None = None,
        is_caller_trusted: bool = True,
    ) -> None:
        self._tracing = tracing
        self._is_caller_trusted = is_caller_trusted
        self._untraced = untraced or Paths(())
        self._headers = carried_headers() | {_REQUEST_ID}
        self._is_excluded = _excluded_urls() if tracing is not None else None
        # As `Tracing.is_sampled`, which each request without a caller would have to call.
        self._root_bound = tracing.root_bound if tracing is not None else None

    def of(self, scope: Scope) -> Identity:
        """Return the ids of a request, and its caller's context if it sent any.

        Args:
            scope: The request's.
        """
        request_id = None
        carrier: dict[str, str] | None = None
        wanted = self._headers
        for name, value in scope["headers"]:
            if name in wanted:
                if name != _REQUEST_ID:
                    carrier = carrier or {}
                    carrier[name.decode("ascii")] = value.decode("latin-1")
                elif _SANE_REQUEST_ID.fullmatch(value):
                    request_id = value.decode("ascii")
        # One random number for all ids: formatting them one by one would be most of their cost.
        bits = getrandbits(320)
        drawn = bits.to_bytes(40, "big").hex()
        if request_id is None:
            request_id = drawn[48:]
        tracing = self._tracing
        if tracing is not None and self._is_excluded is not None and self._is_excluded(_url(scope)):
            tracing = None
        if carrier:
            return self._called_by(scope, carrier, request_id, drawn, tracing)
        if tracing is None:
            return _new(RequestInfo, (request_id, drawn[:32], drawn[32:48], False, None)), None
        bound, trace_id = self._root_bound, bits >> 192
        if bound is None:
            is_sampled = tracing.is_sampled(None, trace_id)
        else:
            is_sampled = trace_id & _LOWER_HALF < bound
        is_sampled = is_sampled and not self._untraced.have(scope)
        waits: list[PoolWait] | None = None if is_sampled else []
        return _new(RequestInfo, (request_id, drawn[:32], drawn[32:48], is_sampled, waits)), None

    def _called_by(
        self,
        scope: Scope,
        carrier: dict[str, str],
        request_id: str,
        drawn: str,
        tracing: "Tracing | None",
    ) -> Identity:
        parent = propagate.extract(carrier, context=Context())
        caller = trace.get_current_span(parent).get_span_context()
        drawn_id = int(drawn[:32], 16)
        trace_id = caller.trace_id if caller.is_valid else drawn_id
        if self._is_caller_trusted:
            is_sampled = tracing is not None and tracing.is_sampled(parent, trace_id)
        else:
            parent = baggage.clear(parent)
            is_sampled = tracing is not None and tracing.is_sampled(None, drawn_id)
        is_sampled = is_sampled and not self._untraced.have(scope)
        waits: list[PoolWait] | None = None if is_sampled or tracing is None else []
        return RequestInfo(request_id, f"{trace_id:032x}", drawn[32:48], is_sampled, waits), parent


def _excluded_urls() -> Callable[[str], bool] | None:
    try:
        return excluded_urls()
    except re.error as error:  # with a provider of somebody else's, which did not ask for them
        failed("traces", error)
        return lambda _: True


def _url(scope: Scope) -> str:
    """Return what the contrib instrumentation matches excluded URLs with."""
    host, port = (scope.get("server") or ("", None))[:2]
    address = host if port in {None, 80} else f"{host}:{port}"
    return f"{scope.get('scheme', 'http')}://{address}{scope['path']}"
