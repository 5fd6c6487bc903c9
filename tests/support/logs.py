"""The logging of the process that tests run in: whatever a test does to it ends with the test."""

import contextlib
import logging
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from burnrate.telemetry.logs.output import StdoutHandler


@dataclass(frozen=True)
class _Configuration:
    """How one logger is set."""

    handlers: tuple[logging.Handler, ...] = ()
    filters: tuple[object, ...] = ()
    level: int = logging.NOTSET
    propagates: bool = True
    is_disabled: bool = False

    @classmethod
    def of(cls, logger: logging.Logger) -> "_Configuration":
        return cls(
            tuple(logger.handlers),
            tuple(logger.filters),
            logger.level,
            logger.propagate,
            logger.disabled,
        )

    def give(self, logger: logging.Logger) -> None:
        logger.handlers[:] = self.handlers
        logger.filters[:] = self.filters  # type: ignore[assignment] # what `of` has read
        logger.setLevel(self.level)
        logger.propagate = self.propagates
        logger.disabled = self.is_disabled


@contextlib.contextmanager
def kept_logging() -> Iterator[None]:
    """Give the process its own logging back: instrumenting an application takes it over for good.

    Handlers of `instrument`'s that came meanwhile are closed, and their threads have ended: one
    that goes on writing would count its lines into the next test.
    """
    configured = {logger: _Configuration.of(logger) for logger in _loggers()}
    hooks = sys.excepthook, threading.excepthook
    raises = logging.raiseExceptions
    yield
    for handler in logging.getLogger().handlers:
        if isinstance(handler, StdoutHandler) and handler not in configured[logging.root].handlers:
            _end(handler)
    for logger in _loggers():
        configured.get(logger, _Configuration()).give(logger)
    logging.captureWarnings(capture=False)
    logging.raiseExceptions = raises
    sys.excepthook, threading.excepthook = hooks


def _loggers() -> Iterator[logging.Logger]:
    yield logging.root
    for each in list(logging.root.manager.loggerDict.values()):
        if isinstance(each, logging.Logger):  # and no place holder
            yield each


def _end(handler: StdoutHandler) -> None:
    handler.close()
    if handler._buffer is not None and handler._buffer._thread is not None:
        handler._buffer._thread.join()
