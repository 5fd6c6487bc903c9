"""The routes of an application as clients reach them: those of routers and mounts in it, too."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from re import Pattern
from typing import Any, Final

from starlette.routing import BaseRoute, Host, Mount, compile_path

# A parameter of a path, as Starlette writes one, and what its value must be.
_PARAMETER: Final = re.compile(r"{([a-zA-Z_]\w*)(:\w*)?}")
_NOTHING: Final = re.compile(r"(?!)")
# As many middlewares as this around a mounted application are looked through.
_MAX_WRAPPERS: Final = 16


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route as clients reach it.

    Attributes:
        function: What serves it, as routing leaves it in `scope["endpoint"]`.
        template: Its path with every prefix, parameters in braces.
        methods: Empty for a WebSocket and for a mounted application, which has its own.
        pattern: What the path of a request must match.
        route: The framework's own.
        has_routes: Whether it is a mounted application whose routes are known.
        applications: The mounted ones that it is in, the innermost first.
    """

    function: Any
    template: str
    methods: frozenset[str]
    pattern: Pattern[str]
    route: object = None
    has_routes: bool = False
    applications: tuple[Any, ...] = ()


def read_endpoints(routes: Iterable[BaseRoute]) -> list[Endpoint]:
    """Return every route below these, those of included routers and mounted applications too."""
    return list(_walk(routes, prefix=""))


def _walk(
    routes: Iterable[BaseRoute], prefix: str, around: tuple[Any, ...] = ()
) -> Iterator[Endpoint]:
    for route, original in flatten(routes):
        if isinstance(original, Mount):
            mounted, inner = prefix + route.path, routes_of(route)
            template = mounted + "/{path:path}"
            has_routes = bool(inner)
            yield _endpoint(original.app, template, original, around, has_routes=has_routes)
            yield from _walk(inner, mounted, (original.app, *around))
        elif isinstance(original, Host):
            yield from _walk(routes_of(route), prefix, (original.app, *around))
        elif isinstance(path := getattr(route, "path", None), str):
            methods: frozenset[str] = frozenset(getattr(route, "methods", None) or ())
            function = getattr(route, "endpoint", None)
            yield _endpoint(function, prefix + path, original, around, methods)


def _endpoint(
    function: object,
    template: str,
    route: object,
    applications: tuple[Any, ...],
    methods: frozenset[str] = frozenset(),
    *,
    has_routes: bool = False,
) -> Endpoint:
    return Endpoint(
        function, shown(template), methods, _pattern(template), route, has_routes, applications
    )


def shown(template: str) -> str:
    """Return a path as it stands in the label: a parameter is its name in braces."""
    return _PARAMETER.sub(r"{\1}", template)


def _pattern(template: str) -> Pattern[str]:
    """Return what the path of a request must match; a mount may have a name that its route has."""
    numbers = count()
    unique = _PARAMETER.sub(lambda found: f"{{p{next(numbers)}{found[2] or ''}}}", template)
    try:
        return compile_path(unique)[0]
    except Exception:  # noqa: BLE001 - of a foreign route; the others are measured
        return _NOTHING


def flatten(routes: Iterable[BaseRoute]) -> Iterator[tuple[Any, Any]]:
    """Yield each route as requests find it, with full path, and the one that was made.

    FastAPI's included routers become their routes; any other route is both.
    """
    try:
        from fastapi.routing import iter_route_contexts  # noqa: PLC0415 - FastAPI is optional
    except ImportError:
        yield from ((route, route) for route in routes)
        return
    for context in iter_route_contexts(list(routes)):
        yield context, context.original_route


def routes_of(route: Any) -> Sequence[BaseRoute]:  # noqa: ANN401 - a Mount or Host, or FastAPI's view of one
    """Return the routes of a mounted application, middlewares around it looked through."""
    application = route.app
    for _ in range(_MAX_WRAPPERS):
        routes = getattr(application, "routes", None)
        if isinstance(routes, list | tuple):
            return routes
        application = getattr(application, "app", None)
    return ()
