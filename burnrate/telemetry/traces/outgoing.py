"""What the spans of outgoing HTTP requests may say about an address: the server, and no more.

The path is left out as well as the query: of a chat's or a pager's webhook it is the secret.
"""

from typing import Any, Final
from urllib.parse import urlsplit

# The attribute's name in the current convention and in the previous one.
_ADDRESSES: Final = ("url.full", "http.url")


def name_server_only(span: Any, _request: object) -> None:  # noqa: ANN401 - the API's spans show no attributes
    """Cut the address in a span behind its host and port: no path, no query, no password.

    Args:
        span: A client's, started; others' spans may have no attributes.
        _request: What the HTTP client's instrumentation passes to its request hooks.
    """
    for name in _ADDRESSES:
        address = (getattr(span, "attributes", None) or {}).get(name)
        if isinstance(address, str):
            parts = urlsplit(address)
            server = parts.netloc.rpartition("@")[2]
            span.set_attribute(name, f"{parts.scheme}://{server}/")


async def name_server_only_async(span: Any, request: object) -> None:  # noqa: ANN401 - the same
    """Cut the address as `name_server_only` does, for clients that await their hooks."""
    name_server_only(span, request)
