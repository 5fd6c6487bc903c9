"""The `endpoint` label: the full route template, never the path a client sent."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from re import Pattern
from typing import Any, Final

from starlette.routing import BaseRoute, Host, Mount, Route, WebSocketRoute, compile_path
from starlette.types import Scope

UNMATCHED: Final = "unmatched"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route as clients reach it.

    Attributes:
        function: What serves it, as routing leaves it in `scope["endpoint"]`.
        template: Its path with every prefix, parameters in braces.
        methods: Empty for a WebSocket and for a mounted application, which has its own.
        pattern: What the path of a request must match.
    """

    function: Any
    template: str
    methods: frozenset[str]
    pattern: Pattern[str]


class Endpoints:
    """Finds the template of the endpoint that served a scope.

    Starlette leaves the endpoint it chose in `scope["endpoint"]` (documented since 0.12). FastAPI
    keeps the route without its prefix in `scope["route"]` (from 0.137), so the route is no help;
    the endpoint's identity is, together with the table of templates made here.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = routes
        self._by_endpoint: dict[int, list[Endpoint]] = {}
        self._known_routes = 0

    def build(self) -> list[Endpoint]:
        """Read the routing table (again) and return every endpoint in it."""
        self._by_endpoint = {}
        endpoints = read_endpoints(self._routes)
        for endpoint in endpoints:
            self._by_endpoint.setdefault(id(endpoint.function), []).append(endpoint)
        self._known_routes = len(self._routes)
        return endpoints

    def resolve(self, scope: Scope, path: str) -> str:
        """Return the template of the route that serves a request, `unmatched` where there is none.

        Args:
            scope: The request's, after routing.
            path: Its path without the server's root path.
        """
        function = scope.get("endpoint")
        if function is None:
            return UNMATCHED
        candidates = self._by_endpoint.get(id(function))
        if candidates is None:
            if self._known_routes == len(self._routes):
                return UNMATCHED
            self.build()  # routes were added after the start
            candidates = self._by_endpoint.get(id(function), [])
        if len(candidates) == 1:
            return candidates[0].template
        # One function under several routes: the path says which.
        matching = (each.template for each in candidates if each.pattern.match(path))
        return next(matching, UNMATCHED)


def read_endpoints(routes: Iterable[BaseRoute]) -> list[Endpoint]:
    """Return every route below these, those of included routers and mounted applications too."""
    return list(_walk(routes, prefix=""))


def _walk(routes: Iterable[BaseRoute], prefix: str) -> Iterator[Endpoint]:
    for route in _flatten(routes):
        if isinstance(route, Mount):
            mounted = prefix + route.path
            yield _endpoint(route.app, mounted + "/{path:path}", frozenset())
            yield from _walk(route.routes, mounted)
        elif isinstance(route, Host):
            yield from _walk(route.routes, prefix)
        elif (path := getattr(route, "path", None)) is not None:
            methods: frozenset[str] = frozenset(getattr(route, "methods", None) or ())
            yield _endpoint(getattr(route, "endpoint", None), prefix + path, methods)


def _endpoint(function: object, template: str, methods: frozenset[str]) -> Endpoint:
    pattern, path_format, _ = compile_path(template)
    return Endpoint(function, path_format, methods, pattern)


def _flatten(routes: Iterable[BaseRoute]) -> Iterator[Any]:
    """Yield plain routes; FastAPI's included routers become their routes with full paths."""
    try:
        from fastapi.routing import iter_route_contexts  # noqa: PLC0415 - FastAPI is optional
    except ImportError:
        yield from routes
        return
    for context in iter_route_contexts(list(routes)):
        original = context.original_route
        if isinstance(original, (Route, WebSocketRoute)):
            yield context
        else:
            yield original
