"""Which endpoint would serve a request that is answered before routing.

An answer before routing, such as the rate limit's, would otherwise be counted under no
endpoint at all.
"""

from collections.abc import Sequence

from starlette.routing import BaseRoute
from starlette.types import Scope

from burnrate.telemetry import Endpoint, read_endpoints


class EndpointTable:
    """The routing table, read-only."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = routes
        self._rows: list[Endpoint] = []

    def mark(self, scope: Scope) -> None:
        """Leave in the scope the endpoint that routing would have left there."""
        # A HEAD is for the route of the GET.
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        for row in self._read():
            if method in row.methods and row.pattern.match(scope["path"]):
                scope["endpoint"] = row.function
                return

    def template(self, endpoint: object) -> str | None:
        """Return the full path template of an endpoint, `/posts/{post_id}`."""
        return next((row.template for row in self._read() if row.function is endpoint), None)

    def _read(self) -> list[Endpoint]:
        # Read late: routes may be added until the application starts.
        if not self._rows:
            self._rows = read_endpoints(self._routes)
        return self._rows
