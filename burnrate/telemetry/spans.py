"""The server span of a sampled request (decision 0002 says why it is made here).

Names and attributes are the stable HTTP conventions; the query is left out, since it may hold
tokens: https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
"""

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.util.types import AttributeValue
from starlette.types import Scope

from burnrate.telemetry.metrics import HTTP_METHODS

_INTERNAL_ERROR = 500


class ServerSpans:
    """Starts and ends the spans of what a server is asked."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("burnrate.telemetry")

    def start(self, scope: Scope, parent: Context | None) -> Span:
        """Start the span of a request or WebSocket; its route is not known yet."""
        attributes: dict[str, AttributeValue] = {
            "http.request.method": _method(scope),
            "url.path": scope["path"],
            "url.scheme": scope["scheme"],
            "network.protocol.version": scope.get("http_version", "1.1"),
        }
        if scope.get("server"):
            attributes["server.address"], attributes["server.port"] = scope["server"]
        if scope.get("client"):
            attributes["client.address"] = scope["client"][0]
        for name, value in scope["headers"]:
            if name == b"user-agent":
                attributes["user_agent.original"] = value.decode("latin-1")
                break
        return self._tracer.start_span(
            _method(scope), parent or Context(), SpanKind.SERVER, attributes
        )


def end_server_span(
    span: Span, scope: Scope, endpoint: str, status: int, error: BaseException | None
) -> None:
    """Name the span by its route and end it; only what the server did wrong is an error."""
    span.update_name(f"{_method(scope)} {endpoint}")
    span.set_attributes({"http.route": endpoint, "http.response.status_code": status})
    if error is not None:
        span.record_exception(error)
        span.set_attribute("error.type", type(error).__qualname__)
    elif status >= _INTERNAL_ERROR:
        span.set_attribute("error.type", str(status))
    if status >= _INTERNAL_ERROR:
        span.set_status(StatusCode.ERROR)
    span.end()


def _method(scope: Scope) -> str:
    if scope["type"] == "websocket":
        return "WEBSOCKET"
    method: str = scope["method"]
    return method if method in HTTP_METHODS else "_OTHER"
