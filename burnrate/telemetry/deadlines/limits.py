"""Seconds within which a request is to be answered: everyone's, or its route's own."""

from collections.abc import Callable
from math import inf, isfinite
from typing import Final, TypeVar

from starlette.types import Scope

from burnrate.telemetry.endpoints import Endpoints

F = TypeVar("F")
_MARK: Final = "_burnrate_deadline"
# Of all routes in this process that have one of their own.
_marked: Final[set[float]] = set()


def deadline(seconds: float | None) -> Callable[[F], F]:
    """Give a route a deadline of its own: `@deadline(120)` below `@app.get(...)`.

    A mounted application may have one too, for its routes that have none.

    Args:
        seconds: Until the first byte of its answer; None or 0: it may take as long as it takes.

    Raises:
        ValueError: It is negative or no number.
    """
    limit = float(seconds or inf)
    if limit < 0 or limit != limit:  # noqa: PLR0124 - only "not a number" differs from itself
        raise ValueError(f"a deadline is a number of seconds, or None for none; not {seconds!r}")

    def mark(function: F) -> F:
        setattr(function, _MARK, limit)
        _marked.add(limit)
        return function

    return mark


class Limits:
    """Finds the deadline of a request.

    Args:
        endpoints: Tells what serves it.
        default_seconds: Of routes without one of their own; 0: none.

    Attributes:
        shortest: No request of less than this many seconds is late.
    """

    def __init__(self, endpoints: Endpoints, default_seconds: float) -> None:
        self._endpoints = endpoints
        self._default = default_seconds or inf
        self.shortest = inf
        self.refresh()

    def refresh(self) -> None:
        """Look for routes that have been given a deadline meanwhile."""
        self.shortest = min(self._default, *_marked) if _marked else self._default

    def of(self, scope: Scope) -> float:
        """Return the seconds that a request has; infinite for none.

        Args:
            scope: The request's, routed or not.
        """
        if not _marked:
            return self._default
        function = self._endpoints.function_of(scope)
        for each in (function, *self._endpoints.applications_of(function, scope)):
            limit: float | None = getattr(each, _MARK, None)
            if limit is not None:
                return limit
        return self._default

    def announced(self, scope: Scope, known_seconds: float) -> str | None:
        """Return a request's deadline in words for the proxy, None where the proxy has the same.

        Args:
            scope: The request's.
            known_seconds: What the proxy takes for the deadline where nobody says another.
        """
        limit = self.of(scope)
        if limit == known_seconds:
            return None
        return f"{limit:.3f}".rstrip("0").rstrip(".") if isfinite(limit) else "none"
