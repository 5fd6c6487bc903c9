"""Which endpoint would serve a request that never gets there.

Whoever answers before routing, such as the rate limit, would otherwise be counted under no
endpoint at all.
"""

from collections.abc import Sequence
from re import Pattern
from typing import Any

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, compile_path
from starlette.types import Scope


class EndpointTable:
    """The routing table, for looking only."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = routes
        self._rows: list[tuple[frozenset[str], Pattern[str], str, Any]] = []

    def mark(self, scope: Scope) -> None:
        """Leave in the scope the endpoint that routing would have left there."""
        for methods, pattern, _, endpoint in self._read():
            if scope["method"] in methods and pattern.match(scope["path"]):
                scope["endpoint"] = endpoint
                return

    def template(self, endpoint: object) -> str | None:
        """Return the full path template of an endpoint, `/posts/{post_id}`."""
        return next((path for _, _, path, each in self._read() if each is endpoint), None)

    def _read(self) -> list[tuple[frozenset[str], Pattern[str], str, Any]]:
        # Read late: routes may be added until the application starts.
        if not self._rows:
            for context in iter_route_contexts(list(self._routes)):
                path, endpoint = getattr(context, "path", None), getattr(context, "endpoint", None)
                if path is not None and endpoint is not None:
                    methods = frozenset(getattr(context, "methods", None) or ())
                    self._rows.append((methods, compile_path(path)[0], path, endpoint))
        return self._rows
