"""Lines that wait to be written, and the text of them.

The line of a request that went well becomes text where it is written. Many of them in a row, in
another thread, cost a part of what each would cost amid its request: that code and this one take
each other's place in the processor's caches.
"""

from collections.abc import Iterable
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quote
from time import gmtime, strftime
from typing import Final

from burnrate.telemetry.context import RequestInfo

# When it was written, by `time`; method, path, route, status, seconds and client's address; ids.
RequestFacts = tuple[float, tuple[str, str, str, int, float, str | None], RequestInfo]
Line = str | RequestFacts
# The line of a request but for its path, which stands in it twice.
USUAL_BYTES: Final = 450


def size_of(line: Line) -> int:
    """Return how many bytes a line takes, or about as many where it is no text yet."""
    return len(line) if isinstance(line, str) else USUAL_BYTES + 2 * len(line[1][1])


def text_of(lines: Iterable[Line], service: str) -> tuple[str, list[Exception]]:
    """Return the text of lines, and why some of them have none.

    Args:
        lines: In their order.
        service: The service's name as it stands in a line.
    """
    texts: list[str] = []
    errors: list[Exception] = []
    for line in lines:
        if isinstance(line, str):
            texts.append(line)
            continue
        now, (method, path, route, status_code, process_time, client), request = line
        try:
            path = quote(path)
            client = "null" if client is None else quote(client)
            seconds = int(now)
            texts.append(
                f'{{"timestamp": "{_second(seconds)}.{int((now - seconds) * 1e6):06d}+00:00", '
                f'"level": "info", "logger": "burnrate.request", '
                f'"message": "{method} {path[1:-1]} {status_code}", '
                f'"service": {service}, "request_id": "{request.request_id}", '
                f'"trace_id": "{request.trace_id}", "span_id": "{request.span_id}", '
                f'"method": "{method}", "path": {path}, "route": {_quoted(route)}, '
                f'"status_code": {status_code}, "process_time": {process_time:.6f}, '
                f'"client": {client}}}\n'
            )
        except Exception as error:  # noqa: BLE001 - a server's own idea of an address, for one
            errors.append(error)
    return "".join(texts), errors


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(seconds))


@lru_cache(maxsize=1024)  # routes: a closed set
def _quoted(text: str) -> str:
    return quote(text)
