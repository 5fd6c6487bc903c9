"""The `endpoint` label: the full route template, never the path a client sent."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Final, NamedTuple, Protocol

from starlette.routing import BaseRoute, Host, Match, Mount
from starlette.types import Scope

from burnrate.telemetry.route_table import Endpoint, flatten, read_endpoints, routes_of, shown

UNMATCHED: Final = "unmatched"
# Stands for a prefix that only a middleware knows, whose value would be a client's input.
_HIDDEN_PREFIX: Final = "/{mount}"
# Where an application that is itself mounted finds its root path, and the endpoint by which the one
# around it has come to it.
_MOUNTED_AT: Final = "burnrate.mounted_at"
_PREFLIGHT_METHOD: Final = b"access-control-request-method"


class Routed(Protocol):
    """What has routes: an application or a router."""

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The routing table as it is now."""


class Taken(NamedTuple):
    """The route that takes a request, by the framework's own rules.

    Attributes:
        template: Its path with every prefix, parameters in braces.
        function: What serves it.
        is_mount: Whether that is an application whose routes do not take it.
    """

    template: str
    function: Any
    is_mount: bool = False


class Endpoints:
    """Finds the template of the endpoint that served a scope, or that would have.

    Starlette leaves the endpoint it chose in `scope["endpoint"]` (documented since 0.12). FastAPI
    keeps the route without its prefix in `scope["route"]` (from 0.137), so the route is no help;
    the endpoint's identity is, together with the table of templates made here. Where that does not
    tell, the routes are asked again: a middleware may have answered, or routes have changed.

    Args:
        application: Its routes may change later.

    Attributes:
        notes: What others remember of functions and routes in the table, by their `id`; a table
            that is read again begins without any.
    """

    def __init__(self, application: Routed) -> None:
        self._application = application
        self._by_endpoint: dict[int, list[Endpoint]] = {}
        self.notes: dict[Hashable, Any] = {}

    def build(self) -> list[Endpoint]:
        """Read the routing table (again) and return every endpoint in it."""
        table: dict[int, list[Endpoint]] = {}
        endpoints = read_endpoints(self._application.routes)
        for endpoint in endpoints:
            table.setdefault(id(endpoint.function), []).append(endpoint)
        self._by_endpoint = table
        self.notes = {}
        return endpoints

    def resolve(self, scope: Scope) -> str:
        """Return the template of the route that takes a request, `unmatched` where none does.

        Args:
            scope: The request's, as routing or a middleware's answer has left it.
        """
        function = scope.get("endpoint")
        if function is None:
            return self._without_endpoint(scope)
        template = self.plain(function, scope.get("route"))
        if template is not None:
            return template
        candidates = self._by_endpoint.get(id(function), ())
        if len(candidates) > 1:
            chosen = _by_path(candidates, scope)
            if chosen is not None:
                return chosen.template
        return self._ask_routes(scope, function)

    def plain(self, function: object, route: object) -> str | None:
        """Return the template where function and route alone tell it, whatever the path is.

        Args:
            function: As routing leaves it in `scope["endpoint"]`.
            route: As in `scope["route"]`; None where the framework leaves none there.
        """
        candidates = self._by_endpoint.get(id(function), ())
        if len(candidates) == 1:
            (only,) = candidates
            if not only.has_routes and (route is None or route is only.route):
                return only.template
        return None

    def function_of(self, scope: Scope) -> object:
        """Return what serves a request, or will once it is routed; None where nothing does."""
        function = scope.get("endpoint")
        if (function is None and "router" not in scope) or _is_from_outside(scope, function):
            found = _find(self._application.routes, _anew(scope))
            function = found.function if found is not None else None
        return function

    def applications_of(self, function: object, scope: Scope) -> Sequence[Any]:
        """Return the mounted applications that a function is in, the innermost first.

        Args:
            function: What serves the request.
            scope: The request's.
        """
        candidates = self._by_endpoint.get(id(function), ())
        chosen = candidates[0] if len(candidates) == 1 else _by_path(candidates, scope)
        return () if chosen is None else chosen.applications

    def taken_by(self, method: str, path: str) -> Taken | None:
        """Return what takes a request of an address that nobody has asked for yet, if anything."""
        scope: Scope = {"type": "http", "method": method, "path": path, "headers": []}
        return _find(self._application.routes, _anew(scope))

    def behind_slash(self, scope: Scope) -> str:
        """Return the template of the route that a router redirects to; `unmatched` if none.

        Args:
            scope: Of a request that no route takes, as it is.
        """
        path = scope["path"]
        other = path.rstrip("/") if path.endswith("/") else f"{path}/"
        found = _find(self._application.routes, {**_anew(scope), "path": other})
        return found.template if found is not None else UNMATCHED

    def _without_endpoint(self, scope: Scope) -> str:
        # A router that has seen the request has found no route; any other was not asked.
        found = None if "router" in scope else _find(self._application.routes, _anew(scope))
        if found is not None:
            return found.template
        return _frontend(self._application, _route_path(scope)) or UNMATCHED

    def _ask_routes(self, scope: Scope, function: object) -> str:
        found = _find(self._application.routes, _anew(scope))
        if _is_from_outside(scope, function):
            outside = _frontend(self._application, _route_path(scope)) or UNMATCHED
            return found.template if found is not None else outside
        if found is not None and found.function is function:
            if not found.is_mount:
                self.build()  # the table is older than the route
            return found.template
        if found is not None and (found.is_mount or id(function) in self._by_endpoint):
            return found.template
        # A middleware or a mounted application has routes of its own.
        template = getattr(scope.get("route"), "path_format", None)
        if isinstance(template, str):
            is_mounted = scope.get("root_path", "") != _root_path(scope)
            return _HIDDEN_PREFIX + template if is_mounted else template
        return found.template if found is not None else UNMATCHED


def _by_path(candidates: Iterable[Endpoint], scope: Scope) -> Endpoint | None:
    """Return the one of several routes of one function that the path of a request is of."""
    path = _route_path(scope)
    for each in candidates:
        if each.pattern.match(path) and not each.has_routes:
            return each
    return None


def _find(routes: Iterable[BaseRoute], scope: Scope, prefix: str = "") -> Taken | None:
    """Return the route that takes a request: the first full match, else the first partial one.

    Args:
        routes: In the order in which they are asked.
        scope: As the router sees it; not changed.
        prefix: The template of what they are mounted under.
    """
    partial = None
    for route, original in flatten(routes):
        try:
            match, child_scope = route.matches(scope)
        except Exception:  # noqa: BLE001 - a converter's or a foreign route's: it fails the request
            return None
        if match is Match.NONE:
            continue
        if isinstance(original, Mount | Host):
            path = prefix + (getattr(route, "path", None) or "")
            found = _find(routes_of(route), {**scope, **child_scope}, path)
            if found is None and isinstance(original, Mount):
                found = Taken(shown(path + "/{path:path}"), original.app, is_mount=True)
            return found
        template = getattr(route, "path_format", None)
        found = Taken(
            UNMATCHED if template is None else prefix + template, child_scope.get("endpoint")
        )
        if match is Match.FULL:
            return found
        partial = partial or found
    return partial


def _anew(scope: Scope) -> Scope:
    """Return a scope as it was before routing; a preflight asks for the method that follows."""
    fresh = {**scope, "root_path": _root_path(scope), "path_params": {}}
    for name in ("endpoint", "route", "fastapi"):
        fresh.pop(name, None)
    if scope.get("method") == "OPTIONS":
        for name, value in scope["headers"]:
            if name == _PREFLIGHT_METHOD:
                fresh["method"] = value.decode("latin-1")
    return fresh


def note_mount(scope: Scope) -> None:
    """Note how another application has come to the one that is asked now."""
    scope[_MOUNTED_AT] = scope.get("root_path", ""), scope.get("endpoint")


def _is_from_outside(scope: Scope, function: object) -> bool:
    """Say whether an endpoint is that of the mount, so that no route of our own is known yet."""
    return _MOUNTED_AT in scope and scope[_MOUNTED_AT][1] is function


def _root_path(scope: Scope) -> str:
    """Return the application's root path; its mounts add theirs to it as they pass a request on."""
    outer = scope.get("app_root_path", scope.get("root_path"))
    root_path: str = scope.get(_MOUNTED_AT, (outer, None))[0] or ""
    return root_path


def _route_path(scope: Scope) -> str:
    """Return the path without the root path, of which half a segment is no prefix."""
    path: str = scope["path"]
    root_path = _root_path(scope)
    rest = path.removeprefix(root_path)
    return rest if not rest or rest.startswith("/") else path


def _frontend(application: Routed, path: str) -> str | None:
    """Return the template of FastAPI's static frontend below which a path lies.

    They are asked when no route matches, the longest prefix first.
    """
    router = getattr(application, "router", application)
    candidates: Any = getattr(router, "_iter_low_priority_routes", tuple)()
    prefixes = [
        getattr(each, "frontend_prefix", "") + route.path.rstrip("/")
        for each in candidates
        for route in getattr(getattr(each, "original_route", each), "routes", ())
    ]
    below = [each for each in prefixes if path == each or path.startswith(each + "/")]
    return max(below, key=len) + "/{path}" if below else None
