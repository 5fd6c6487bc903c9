"""Uncaught exceptions of a process as log lines, beside whoever looks at them already."""

import logging
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any


class _Hook:
    """Logs what nobody has caught, then calls the hook that was there before it.

    Args:
        former: None where that would only print it.
    """

    def __init__(self, former: Callable[..., Any] | None) -> None:
        self._former = former

    def __call__(
        self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        """Take what `sys.excepthook` is given."""
        _log_uncaught(kind, error, traceback)
        if self._former is not None:
            self._former(kind, error, traceback)


class _ThreadHook(_Hook):
    """The same for threads."""

    def __call__(self, arguments: threading.ExceptHookArgs) -> None:  # type: ignore[override] # as Python calls it
        """Take what `threading.excepthook` is given."""
        kind, error, traceback, _ = arguments
        if error is not None:
            _log_uncaught(kind, error, traceback)
        if self._former is not None:
            self._former(arguments)


def log_uncaught() -> None:
    """Log uncaught exceptions of the process and of its threads; harmless when done already."""
    if not isinstance(sys.excepthook, _Hook):
        is_python_s = sys.excepthook is sys.__excepthook__
        sys.excepthook = _Hook(None if is_python_s else sys.excepthook)
    if not isinstance(threading.excepthook, _Hook):
        is_python_s = threading.excepthook is threading.__excepthook__
        threading.excepthook = _ThreadHook(None if is_python_s else threading.excepthook)


def _log_uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        logging.getLogger("uncaught").critical(
            "uncaught exception", exc_info=(kind, error, traceback)
        )
