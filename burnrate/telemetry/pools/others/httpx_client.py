"""httpx's clients, of threads and of asyncio: who waits for a connection, and holds one."""

import logging
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

from burnrate.telemetry.metrics import PoolOutcome
from burnrate.telemetry.pools.meter import PoolMeter
from burnrate.telemetry.pools.others.slot import MakeMeter, Slot, find_slot, put_slot

# httpcore's documented events (https://www.encode.io/httpcore/extensions/#trace): a request has
# its connection, and gives it back.
_ACQUIRED: Final = "send_request_headers.started"
_RELEASED: Final = ("response_closed.complete", "response_closed.failed")
_log = logging.getLogger("burnrate.telemetry")


def measure(client: Any, make_meter: MakeMeter) -> None:  # noqa: ANN401 - found by its module
    """Measure the pools of a `Client` or `AsyncClient`, or of a transport of its own.

    A connection counts as held until the answer is read to its end or closed.

    Args:
        client: Whose transports are measured together, proxies' too.
        make_meter: Makes the meter.
    """
    transports = [each for each in _transports(client) if getattr(each, "_pool", None) is not None]
    if not transports:
        _log.warning("%s has no pool: there is nothing to measure", type(client).__qualname__)
        return
    pools = [each._pool for each in transports]  # noqa: SLF001 - decision 12
    meter = make_meter("http", lambda: _most(pools), lambda: _idle(pools), lambda: _used(pools))
    if find_slot(client, meter):
        return
    slot = put_slot(client, meter)
    for transport in transports:
        if hasattr(transport, "handle_async_request"):
            _wrap_async(transport, slot)
        else:
            _wrap(transport, slot)


class _Attempt:
    """A request on its way through the pool, told by httpcore's events."""

    def __init__(self, meter: PoolMeter) -> None:
        self._meter = meter
        self._started: float | None = meter.begin()
        self._held_since: float | None = None

    def note(self, event: str) -> None:
        if event.endswith(_ACQUIRED):
            self._end("ok")
        elif event.endswith(_RELEASED):
            self._give_back()

    def failed(self, error: BaseException) -> None:
        names = {each.__name__ for each in type(error).__mro__}
        self._end("timeout" if names & {"PoolTimeout", "CancelledError"} else "error")
        self._give_back()

    def _end(self, outcome: PoolOutcome) -> None:
        if self._started is None:  # also where a proxy is asked before the server
            return
        started, self._started = self._started, None
        self._meter.end(started, outcome)
        if outcome == "ok":
            self._held_since = perf_counter()

    def _give_back(self) -> None:
        if self._held_since is not None:
            since, self._held_since = self._held_since, None
            self._meter.released(perf_counter() - since)


def _wrap(transport: Any, slot: Slot) -> None:  # noqa: ANN401 - its method is replaced
    handle = transport.handle_request

    def measured(request: Any) -> Any:  # noqa: ANN401 - httpx's or httpx2's
        attempt = _Attempt(slot.meter)
        theirs = request.extensions.get("trace")

        def trace(event: str, info: dict[str, Any]) -> None:
            attempt.note(event)
            if theirs is not None:
                theirs(event, info)

        return _Traced(request, trace).run(handle, attempt)

    transport.handle_request = measured


def _wrap_async(transport: Any, slot: Slot) -> None:  # noqa: ANN401 - its method is replaced
    handle = transport.handle_async_request

    async def measured(request: Any) -> Any:  # noqa: ANN401 - httpx's or httpx2's
        attempt = _Attempt(slot.meter)
        theirs = request.extensions.get("trace")

        async def trace(event: str, info: dict[str, Any]) -> None:
            attempt.note(event)
            if theirs is not None:
                await theirs(event, info)

        return await _Traced(request, trace).run_async(handle, attempt)

    transport.handle_async_request = measured


class _Traced:
    """Lends a request our trace while it is sent: redirects copy what it has of its own."""

    def __init__(self, request: Any, trace: Callable[..., Any]) -> None:  # noqa: ANN401
        self._request = request
        self._own = request.extensions
        request.extensions = {**self._own, "trace": trace}

    def run(self, handle: Callable[[Any], Any], attempt: _Attempt) -> Any:  # noqa: ANN401
        try:
            return handle(self._request)
        except BaseException as error:
            attempt.failed(error)
            raise
        finally:
            self._request.extensions = self._own

    async def run_async(self, handle: Callable[[Any], Any], attempt: _Attempt) -> Any:  # noqa: ANN401
        try:
            return await handle(self._request)
        except BaseException as error:
            attempt.failed(error)
            raise
        finally:
            self._request.extensions = self._own


def _transports(client: Any) -> list[Any]:  # noqa: ANN401 - httpx's or httpx2's, or a transport
    if not hasattr(client, "send"):
        return [client]
    mounted = getattr(client, "_mounts", {}).values()
    return [getattr(client, "_transport", None), *mounted]


def _most(pools: list[Any]) -> int | None:
    limits = [getattr(pool, "_max_connections", sys.maxsize) for pool in pools]
    return None if sys.maxsize in limits else sum(limits)


def _idle(pools: list[Any]) -> int:
    return sum(connection.is_idle() for pool in pools for connection in pool.connections)


def _used(pools: list[Any]) -> int:
    """Return the connections that are neither idle nor closed by an answer that was not read."""
    return sum(
        not (connection.is_idle() or connection.is_closed())
        for pool in pools
        for connection in pool.connections
    )
