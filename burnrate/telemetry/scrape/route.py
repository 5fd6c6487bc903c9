"""The metrics as a route of the application."""

import logging
from typing import Any, Final

from prometheus_client import Gauge
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from burnrate.telemetry.endpoints import Endpoints
from burnrate.telemetry.failures import failed
from burnrate.telemetry.settings import Paths
from burnrate.telemetry.workers import Exposition

_log: Final = logging.getLogger("burnrate.telemetry")
_REMEDY: Final = "instrument(metrics_path=...) names another path, metrics_port=... opens a port"
# What a scrape that got here is answered with, or that its scraper has left.
_ANSWERED: Final = frozenset((200, 499, 503))


class MetricsRoute:
    """`GET` of a path answers a scrape, inside all of the application's middlewares.

    Args:
        app: Gets the route as its last one, where it costs other requests nothing.
        path: Begins with `/`.
        exposition: Renders the answer.
        in_progress: Counts the requests that are being served.
        uncounted: The paths that it does not count.
    """

    def __init__(
        self,
        app: Starlette,
        path: str,
        exposition: Exposition,
        *,
        in_progress: Gauge,
        uncounted: Paths,
    ) -> None:
        self._app = app
        self._path = path
        self._exposition = exposition
        self._in_progress = in_progress
        self._uncounted = uncounted
        app.add_route(path, self.answer, methods=["GET"], include_in_schema=False)

    async def answer(self, request: Request) -> Response:
        """Answer a scrape."""
        accept = request.headers.get("accept", "")
        accept_encoding = request.headers.get("accept-encoding", "")
        # Otherwise no service would ever be without a request: each scrape would see itself.
        itself = 0.0 if self._uncounted.have(request.scope) else 1.0
        self._in_progress.dec(itself)
        try:
            body, headers = await run_in_threadpool(
                self._exposition.render, accept, accept_encoding
            )
        except Exception as error:  # noqa: BLE001 - a hole in the series, and no failure of the service
            failed("scrape", error)
            return PlainTextResponse("The metrics cannot be read now.\n", status_code=503)
        finally:
            self._in_progress.inc(itself)
        return Response(body, headers=headers)

    def check(self, endpoints: Endpoints) -> None:
        """See that a scrape will get here, once all routes are there.

        A route that takes any path gives way. One of the application's own for this very path, and
        a middleware that may refuse, are said.
        """
        taken = endpoints.taken_by("GET", self._path)
        if taken is not None and taken.function != self.answer:
            if taken.template.rstrip("/") == self._path or taken.template.startswith(
                f"{self._path}/"
            ):
                _log.error(
                    "GET %s is a route of the application's own, so it shows no telemetry: %s",
                    self._path,
                    _REMEDY,
                )
            else:
                self._go_first()
        for middleware in self._app.user_middleware:
            factory: object = middleware.cls
            options: dict[str, Any] = middleware.kwargs
            hosts = options.get("allowed_hosts") or ("*",)
            if factory is TrustedHostMiddleware and "*" not in hosts:
                _log.warning(
                    "TrustedHostMiddleware refuses a scrape of %s that does not name one of %s: %s",
                    self._path,
                    ", ".join(str(host) for host in hosts),
                    _REMEDY,
                )

    def note(self, status: int) -> None:
        """Say it if a middleware has answered in place of the metrics.

        Args:
            status: What was answered, for the first time.
        """
        if status not in _ANSWERED:
            _log.warning(
                "GET %s was answered with %d before it got to the telemetry: %s",
                self._path,
                status,
                _REMEDY,
                extra={"path": self._path, "status_code": status},
            )

    def _go_first(self) -> None:
        routes = self._app.router.routes
        own = next(each for each in routes if getattr(each, "endpoint", None) == self.answer)
        routes.remove(own)
        routes.insert(0, own)
