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
        try:
            texts.append(_text(line, service))
        except Exception as error:  # noqa: BLE001 - a server's own idea of an address, for one
            errors.append(error)
    return "".join(texts), errors


def _text(line: RequestFacts, service: str) -> str:
    now, (method, path, route, status_code, process_time, client), ids = line
    request_id, trace_id, span_id, _, _ = ids
    seconds = int(now)
    # Twice as fast as a format that fills up with zeros.
    micros = str(int((now - seconds) * 1e6) + 1_000_000)[1:]
    first, second, third, fourth = _constant(method, route, status_code, service)
    path = quote(path)[1:-1]
    address = "null" if client is None else quote(client)
    return (
        f"{_second(seconds)}{micros}{first}{path}{second}{request_id}"
        f'", "trace_id": "{trace_id}", "span_id": "{span_id}'
        f'{third}{path}{fourth}{process_time:.6f}, "client": {address}}}\n'
    )


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return strftime('{"timestamp": "%Y-%m-%dT%H:%M:%S.', gmtime(seconds))


@lru_cache(maxsize=1024)  # methods, routes and statuses: closed sets
def _constant(method: str, route: str, status_code: int, service: str) -> tuple[str, ...]:
    """Return what stands between the parts that differ from one request to the next."""
    return (
        f'+00:00", "level": "info", "logger": "burnrate.request", "message": "{method} ',
        f' {status_code}", "service": {service}, "request_id": "',
        f'", "method": "{method}", "path": "',
        f'", "route": {quote(route)}, "status_code": {status_code}, "process_time": ',
    )
