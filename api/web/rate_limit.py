"""Rate limits for each client address, shared by all workers through Redis.

Fixed windows on the clock, so that one round trip both counts and decides, and every worker knows
without asking when the window ends.
"""

import ipaddress
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from time import time
from typing import Protocol

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.errors import error_response

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60
# Requests of the operator, not of clients.
OPERATOR_PATHS = ("/health/", "/metrics")


class Meter(Protocol):
    """Counts decisions."""

    def allowed(self) -> None: ...
    def limited(self) -> None: ...
    def unavailable(self) -> None: ...


class CounterUnavailable(Exception):
    """The counters cannot be reached."""


@dataclass(frozen=True)
class Policy:
    """So many requests a minute; without a route it holds for what no other policy names."""

    name: str
    per_minute: int
    meter: Meter
    route: tuple[str, str] | None = None  # method and path


@dataclass(frozen=True)
class Decision:
    """What a policy says about one request."""

    policy: Policy
    remaining: int  # below 0: over the limit
    reset_seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """Return the fields of draft-ietf-httpapi-ratelimit-headers-10.

        https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
        """
        policy = self.policy
        return {
            "RateLimit-Policy": f'"{policy.name}";q={policy.per_minute};w={WINDOW_SECONDS}',
            "RateLimit": f'"{policy.name}";r={max(0, self.remaining)};t={self.reset_seconds}',
        }


class RateLimiter:
    """Decides; counts what it decided.

    Args:
        count: Adds one to the counter of a key, which lives for so many seconds, and returns it;
            raises `CounterUnavailable`.
        policies: The first whose route matches is asked, else the one without a route.
        now: The clock, in seconds since the epoch.
    """

    def __init__(
        self,
        count: Callable[[str, int], Awaitable[int]],
        policies: tuple[Policy, ...],
        now: Callable[[], float] = time,
    ) -> None:
        self._count = count
        self._routes = {policy.route: policy for policy in policies}
        self._now = now

    async def decide(self, method: str, path: str, client: str) -> Decision | None:
        """Count one request; None where the counters cannot be reached: let it through."""
        policy = self._routes.get((method, path)) or self._routes[None]
        window, elapsed = divmod(self._now(), WINDOW_SECONDS)
        key = f"ratelimit/{policy.name}/{client}/{window:.0f}"
        try:
            count = await self._count(key, WINDOW_SECONDS)
        except CounterUnavailable:
            policy.meter.unavailable()
            return None
        decision = Decision(policy, policy.per_minute - count, int(WINDOW_SECONDS - elapsed) or 1)
        if decision.remaining < 0:
            policy.meter.limited()
        else:
            policy.meter.allowed()
        return decision


class RateLimitMiddleware:
    """Answers 429 over the limit and says on every other answer how much is left."""

    def __init__(self, app: ASGIApp, limiter: RateLimiter) -> None:
        self.app = app
        self.limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(OPERATOR_PATHS):
            await self.app(scope, receive, send)
            return
        client = client_key(scope)
        decision = await self.limiter.decide(scope["method"], scope["path"], client)
        if decision is None:
            await self.app(scope, receive, send)
        elif decision.remaining < 0:
            retry_after = {"Retry-After": str(decision.reset_seconds)}
            status = HTTPStatus.TOO_MANY_REQUESTS
            headers = {**decision.headers, **retry_after}
            response = error_response(scope, status, "Too many requests", headers=headers)
            await response(scope, receive, send)
        else:
            await self.app(scope, receive, _with_headers(send, decision.headers))


def client_key(scope: Scope) -> str:
    """Return what stands for the client: its address, of IPv6 the /64 that one household gets."""
    return _key((scope.get("client") or ("unknown",))[0])


@lru_cache(maxsize=4096)
def _key(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:64]
    if address.version == 4:  # noqa: PLR2004
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), 64), strict=False).network_address)


def _with_headers(send: Send, added: dict[str, str]) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(added)
        await send(message)

    return send_with_headers
