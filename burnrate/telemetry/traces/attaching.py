"""Makes a context the current one, as OpenTelemetry's `attach` and `detach` do.

Those take two functions each to come to the same variable, and each request calls both.
"""

from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any, Final

from opentelemetry import context as otel_context
from opentelemetry.context import Context

# Decision 12 names the private attributes; `OTEL_PYTHON_CONTEXT` may have chosen another keeper.
_keeper: Final[Any] = getattr(otel_context, "_RUNTIME_CONTEXT", None)
_variable: Final[Any] = getattr(_keeper, "_current_context", None)
_is_known: Final = isinstance(_variable, ContextVar)

attach: Final[Callable[[Context], Token[Context]]] = (
    _variable.set if _is_known else otel_context.attach
)
detach: Final[Callable[[Token[Context]], None]] = (
    _variable.reset if _is_known else otel_context.detach
)
