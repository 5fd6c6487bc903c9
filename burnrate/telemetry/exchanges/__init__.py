"""Stands between server and application for one request or WebSocket, and measures it.

`HttpExchange` and `WebSocketExchange` are what the middleware puts there. Of a request the answer
may never begin; what becomes of it then is in `unanswered`.
"""

from burnrate.telemetry.exchanges.http_exchange import HttpExchange
from burnrate.telemetry.exchanges.websocket_exchange import WebSocketExchange

__all__ = ["HttpExchange", "WebSocketExchange"]
