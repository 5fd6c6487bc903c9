"""What only POSIX has: elsewhere one process works, and lines may wait for their reader.

`fcntl` and `termios` are None on Windows. What needs them has another way or is not begun there;
what is named for macOS in other modules (no `/proc`, no `posix_fallocate`) is looked for where it
is used.
"""

import importlib
import os
from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakMethod


def _module(name: str) -> Any:  # noqa: ANN401 - a module
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None


fcntl: Any = _module("fcntl")
termios: Any = _module("termios")


def can_share() -> bool:
    """Say whether several processes can share files: it needs locks that end with their holder."""
    return fcntl is not None


def after_fork(function: Callable[[], object]) -> None:
    """Call a function in each child that is forked from now on; nothing to do without forks."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=function)


def after_fork_while_alive(method: Callable[[], object]) -> None:
    """Call a method as `after_fork` does, for as long as its object lives."""
    after_fork(partial(_call, WeakMethod(method)))


def _call(method: "WeakMethod[Callable[[], object]]") -> None:
    if (function := method()) is not None:
        function()
