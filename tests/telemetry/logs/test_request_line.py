"""The short way to a request's line writes what the long way would."""

import json
import logging
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnrate.telemetry.context import RequestInfo, current
from burnrate.telemetry.logs.formatter import JsonFormatter
from burnrate.telemetry.logs.output import StdoutHandler
from burnrate.telemetry.logs.request_line import RequestLine

REQUEST = RequestInfo("req-1", "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", False)


class Output:
    """A stdout handler as the only handler, as in a service; what it wrote can be read."""

    def __init__(self) -> None:
        formatter = JsonFormatter("shop \u00e9", field_bytes=1_024)
        self.handler = StdoutHandler(formatter, StringIO())

    def write(self, line: RequestLine, *others: logging.Handler) -> list[str]:
        """Write the line inside a request and return what came out."""
        self.handler.stream = stream = StringIO()
        root = logging.getLogger()
        before, root.handlers = root.handlers, [self.handler, *others]
        level = root.level
        root.setLevel(logging.INFO)
        token = current.set(REQUEST)
        try:
            line.write(REQUEST)
        finally:
            current.reset(token)
            root.handlers = before
            root.setLevel(level)
        return stream.getvalue().splitlines()


@pytest.fixture(scope="module")
def output() -> Output:
    return Output()


def without_time(text: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(text)
    assert len(fields.pop("timestamp")) == len("2026-01-01T00:00:00.000000+00:00")
    return fields


lines = st.builds(
    RequestLine,
    method=st.sampled_from(["GET", "POST", "DELETE"]),
    path=st.text(max_size=300),
    route=st.text(max_size=40),
    status_code=st.integers(200, 499),
    process_time=st.floats(0, 100).map(lambda value: round(value, 6)),
    client=st.none() | st.text(max_size=40),
)


@given(line=lines)
def test_both_ways_write_the_same_line(line: RequestLine) -> None:
    """Same fields, same order, same escapes; only the clock has moved on."""
    short = Output().write(line)
    long = Output().write(line, logging.NullHandler())
    assert list(json.loads(short[0])) == list(json.loads(long[0]))
    assert without_time(short[0]) == without_time(long[0])
    assert len(short) == len(long) == 1


def test_short_way_is_taken_when_nothing_else_listens(
    output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison above must not compare the long way with itself."""
    monkeypatch.setattr(RequestLine, "log", lambda *_: pytest.fail("the long way"))
    assert output.write(RequestLine("GET", "/", "/", 200, 0.1, None))


def test_other_handlers_still_see_every_request(output: Output) -> None:
    """Whoever adds a handler (an error tracker, a test) gets records as from any logger."""
    seen: list[logging.LogRecord] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(record)

    output.write(RequestLine("GET", "/a", "/a", 200, 0.1, None), Listener())
    assert [record.getMessage() for record in seen] == ["GET /a 200"]


def test_password_in_a_path_is_redacted(output: Output) -> None:
    """A URL in a path is rare, so it takes the long way and its care."""
    (text,) = output.write(RequestLine("GET", "/x://a:canary@b", "/{x}", 404, 0.1, None))
    assert "canary" not in text
