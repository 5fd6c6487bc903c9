"""What the spans of outgoing HTTP requests may say about an address: the server, and no more.

The path is left out as well as the query: of a chat's or a pager's webhook it is the secret.
"""

from typing import Any, Final
from urllib.parse import urlsplit

# The present convention's name, and the one before it.
_ADDRESSES: Final = ("url.full", "http.url")


def name_server_only(span: Any, _request: object) -> None:  # noqa: ANN401 - the API's spans show no attributes
    """Cut the span's address behind its host and port; a request hook of the HTTP clients."""
    for name in _ADDRESSES:
        address = (getattr(span, "attributes", None) or {}).get(name)
        if isinstance(address, str):
            parts = urlsplit(address)
            server = parts.netloc.rpartition("@")[2]
            span.set_attribute(name, f"{parts.scheme}://{server}/")


async def name_server_only_async(span: Any, request: object) -> None:  # noqa: ANN401 - the same
    """Do the same for the clients that wait for their hooks."""
    name_server_only(span, request)
