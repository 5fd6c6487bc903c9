"""One event is one line of valid JSON, whatever it holds."""

import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnrate.telemetry.logs.formatter import JsonFormatter
from burnrate.telemetry.logs.output import _LoggedOnce as LoggedOnce
from burnrate.telemetry.logs.output import mark_logged
from tests.telemetry.lines import Lines


class Hostile:
    """An object that fails in every way it can be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


def format_record(message: object = "hello", *arguments: object, **extra: object) -> dict[str, Any]:
    """Format one record and parse it, strictly: NaN and the like are not JSON."""
    record = logging.LogRecord("test", logging.INFO, __file__, 1, message, arguments, None)
    record.__dict__.update(extra)
    line = JsonFormatter("shop", field_characters=256).format(record)
    assert "\n" not in line
    assert line.isascii()
    parsed: dict[str, Any] = json.loads(line, parse_constant=pytest.fail)
    return parsed


def test_line_has_the_fields_everyone_searches_by() -> None:
    """Time in UTC with microseconds, level, logger, message, service."""
    line = format_record("hello %s", "you", color="red")
    assert line["message"] == "hello you"
    assert line["level"] == "info"
    assert line["logger"] == "test"
    assert line["service"] == "shop"
    assert line["color"] == "red"
    date, clock = line["timestamp"].split("T")
    assert len(date) == 10
    assert clock.endswith("+00:00")
    assert len(clock) == len("12:00:00.000000+00:00")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | st.builds(Hostile),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=8,
)  # fmt: skip


@given(message=st.text(), value=anything)
def test_any_value_makes_one_valid_line(message: str, value: object) -> None:
    """Newlines, ANSI, surrogates, NaN, bytes, nesting and objects without a repr."""
    line = format_record("%s", message, value=value)
    assert "value" in line


@pytest.mark.parametrize(
    "text", ["two\nlines", "\x1b[31mred", "\ud800 alone", "nul \x00", "\u2028 separator"]
)
def test_control_characters_are_escaped(text: str) -> None:
    """They arrive as they were sent, and harm no reader of the line."""
    assert format_record(value=text)["value"] == text


def test_long_field_is_cut_and_says_so() -> None:
    """A megabyte in, a few hundred bytes out."""
    value = format_record(value="x" * 1_000_000)["value"]
    assert value == "x" * 256 + "[999744 characters cut]"


def test_long_stack_keeps_the_frame_that_raised() -> None:
    """The interesting end of a stack is its last line."""

    def recurse(depth: int) -> None:
        if depth == 0:
            raise ValueError("at the bottom")
        recurse(depth - 1)

    try:
        recurse(50)
    except ValueError as error:
        line = format_record(exc_info=(type(error), error, error.__traceback__))
    assert len(line["exception_stack"]) <= 256
    assert line["exception_stack"].endswith("ValueError: at the bottom")


def test_wrong_arguments_still_make_a_line() -> None:
    """A bug in a log call must not hide the event."""
    assert "cannot be shown" in format_record("%d apples", "three")["message"]


@pytest.mark.parametrize(
    "key", ["authorization", "Cookie", "db_password", "API_KEY", "access_token"]
)
def test_secret_fields_are_redacted(key: str) -> None:
    """Also inside a field that holds headers."""
    assert format_record(**{key: "canary"})[key] == "[redacted]"
    assert format_record(headers={key: "canary"})["headers"][key] == "[redacted]"


def test_password_in_a_url_is_redacted() -> None:
    """DSNs turn up in the messages of drivers."""
    line = format_record("cannot reach postgres://app:canary@db:5432/app")
    assert line["message"] == "cannot reach postgres://app:[redacted]@db:5432/app"


def test_warnings_and_libraries_go_the_same_way(lines: Lines) -> None:
    """What any library logs becomes a line of the same form."""
    logging.getLogger("some.library").warning("careful", extra={"count": 3})
    (line,) = lines.of("some.library")
    assert (line["level"], line["count"]) == ("warning", 3)


@pytest.mark.parametrize(("is_marked", "is_kept"), [(True, False), (False, True)])
def test_server_report_of_a_logged_exception_is_dropped(is_marked: bool, is_kept: bool) -> None:
    """An unexpected error is logged once, with the request it broke."""
    error = ValueError("x")
    if is_marked:
        mark_logged(error)
    record = logging.LogRecord("uvicorn.error", logging.ERROR, "", 1, "Exception", (), None)
    record.exc_info = (ValueError, error, None)
    assert LoggedOnce().filter(record) is is_kept
