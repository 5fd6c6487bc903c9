"""Paths of requests that are to be left out of something."""

from collections.abc import Iterable
from typing import Final

from starlette.types import Scope

_BELOW: Final = "/*"


class Paths:
    """Paths as clients ask for them: single ones, and all that lies below one.

    Args:
        texts: `/ping` is that path alone, `/internal/*` each one below `/internal/`.

    Attributes:
        single: Those that stand for themselves.
        below: What the others begin with.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        listed = frozenset(filter(None, texts))
        self.single = frozenset(each for each in listed if not each.endswith(_BELOW))
        self.below = tuple(sorted(each[:-1] for each in listed - self.single))

    def __bool__(self) -> bool:
        """Say whether there is any."""
        return bool(self.single or self.below)

    def __contains__(self, path: object) -> bool:
        """Say whether a path is one of them."""
        return path in self.single or (
            bool(self.below) and isinstance(path, str) and path.startswith(self.below)
        )

    def have(self, scope: Scope) -> bool:
        """Say whether the path of a request is one of them, the server's root path left out."""
        path: str = scope["path"]
        if root_path := scope.get("root_path"):
            path = path.removeprefix(root_path)
        # As `in`, without a call: each request asks.
        return path in self.single or (self.below != () and path.startswith(self.below))
