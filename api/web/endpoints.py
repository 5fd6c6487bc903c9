"""The templates of the service's endpoints, by their functions."""

from collections.abc import Sequence

from starlette.routing import BaseRoute

from burnrate.telemetry import Endpoint, read_endpoints


class EndpointTable:
    """The routing table, read-only."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = routes
        self._rows: list[Endpoint] = []

    def template(self, endpoint: object) -> str | None:
        """Return the full path template of an endpoint, `/posts/{post_id}`."""
        return next((row.template for row in self._read() if row.function is endpoint), None)

    def _read(self) -> list[Endpoint]:
        # Read late: routes may be added until the application starts.
        if not self._rows:
            self._rows = read_endpoints(self._routes)
        return self._rows
