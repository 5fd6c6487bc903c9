"""Paths of requests that are to be left out of something."""

from collections.abc import Iterable
from typing import Final

from starlette.types import Scope

_BELOW: Final = "/*"


class Paths:
    """Paths as clients ask for them: single ones, and all that lies below one.

    Args:
        texts: `/ping` is that path alone, `/internal/*` each one below `/internal/`.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        listed = frozenset(filter(None, texts))
        self._single = frozenset(each for each in listed if not each.endswith(_BELOW))
        self._below = tuple(sorted(each[:-1] for each in listed - self._single))

    def __bool__(self) -> bool:
        """Say whether there is any."""
        return bool(self._single or self._below)

    def __contains__(self, path: object) -> bool:
        """Say whether a path is one of them."""
        return path in self._single or (
            bool(self._below) and isinstance(path, str) and path.startswith(self._below)
        )

    def have(self, scope: Scope) -> bool:
        """Say whether the path of a request is one of them, the server's root path left out."""
        path: str = scope["path"]
        if root_path := scope.get("root_path"):
            path = path.removeprefix(root_path)
        # As `in`, without a call: each request asks.
        return path in self._single or (self._below != () and path.startswith(self._below))
