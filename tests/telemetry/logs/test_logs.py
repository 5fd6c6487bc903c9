"""One event is one line of valid JSON, whatever it holds."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from burnrate.telemetry import RequestInfo, TelemetrySettings
from burnrate.telemetry.context import current
from burnrate.telemetry.logs.formatter import JsonFormatter
from burnrate.telemetry.logs.output import StdoutHandler, mark_logged
from burnrate.telemetry.logs.output import _LoggedOnce as LoggedOnce
from tests.telemetry.lines import Lines

ROOT = Path(__file__).parents[3]


class Hostile:
    """An object that fails in every way it can be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


def format_record(message: object = "hello", *arguments: object, **extra: object) -> dict[str, Any]:
    """Format one record and parse it, strictly: NaN and the like are not JSON."""
    record = logging.LogRecord("test", logging.INFO, __file__, 1, message, arguments, None)
    record.__dict__.update(extra)
    line = JsonFormatter("shop", field_bytes=256, line_bytes=8_192).format(record)
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
    "key",
    [
        "authorization", "HTTPAuthorization", "Cookie", "Set-Cookie", "cookies", "db_password",
        "PGPASSWORD", "passwords", "API_KEY", "apiKey", "X-Api-Key", "apikey", "access_token",
        "accessToken", "token", "XSRF-TOKEN", "token_value", "client_secret", "clientsecret",
        "secret", "secrets", "AWS_SECRET_ACCESS_KEY", "private_key", "credentials",
    ],
)  # fmt: skip
def test_secret_fields_are_redacted(key: str) -> None:
    """Also inside a field that holds headers."""
    assert format_record(**{key: "canary"})[key] == "[redacted]"
    assert format_record(headers={key: "canary"})["headers"][key] == "[redacted]"


@pytest.mark.parametrize(
    "key",
    [
        "prompt_tokens", "max_tokens", "secretary", "token_count", "tokenType", "tokenizer", "key",
        "cache_key", "keyboard", "authorized", "passwordless_users", "cookiecutter", "monkey",
    ],
)  # fmt: skip
def test_fields_that_only_sound_secret_are_shown(key: str) -> None:
    """What is redacted for no reason is missing when it is needed."""
    assert format_record(**{key: "shown"})[key] == "shown"


@pytest.mark.parametrize(
    "name", ["timestamp", "level", "logger", "service", "request_id", "trace_id", "span_id"]
)
def test_extra_field_takes_no_place_of_the_line_s_own(name: str) -> None:
    """It is there, under another name."""
    token = current.set(RequestInfo("req-1", "0" * 32, "0" * 16, False))
    try:
        line = format_record(**{name: "mine"})
    finally:
        current.reset(token)
    assert line[name] != "mine"
    assert line[f"extra_{name}"] == "mine"


def test_extra_field_hides_no_exception() -> None:
    """Nor do so many of them that not all are shown."""
    several = {f"field_{number}": number for number in range(100)}
    info = (ValueError, ValueError("hidden"), None)
    line = format_record(exc_info=info, exception_message="mine", **several)
    assert (line["exception_message"], line["extra_exception_message"]) == ("hidden", "mine")
    assert line["field_0"] == 0


def test_trace_id_of_ones_own_is_the_line_s_where_it_has_none() -> None:
    """A consumer of a queue has ids of its own, and no request."""
    assert format_record(trace_id="mine")["trace_id"] == "mine"


WIDE: dict[str, Any] = {str(number): "x" * 20_000 for number in range(64)}
DEEP: dict[str, Any] = {str(number): WIDE for number in range(64)}


@pytest.mark.parametrize(
    "value",
    [
        "x" * 10_000_000, "\U0001f600" * 1_000_000, "\x00" * 1_000_000, b"x" * 10_000_000, WIDE,
        DEEP, {str(number): DEEP for number in range(64)}, [[[[[[1.5] * 64] * 64] * 64] * 64] * 9],
        [[[[]] * 64] * 64] * 64, {"x" * 1_000_000: 1}, [{}] * 1_000_000, ["://a:b"] * 64,
        {number: {} for number in range(1_000)}, "\U0001f600" * 9_000,
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
@pytest.mark.parametrize("line_bytes", [8_192, 65_536])
def test_line_is_bounded_in_bytes_whatever_it_holds(value: object, line_bytes: int) -> None:
    """One call could write 65 MB; who reads it takes 64 kB."""
    record = logging.LogRecord("test", logging.INFO, __file__, 1, "hello", (), None)
    record.__dict__.update({f"field_{number}": value for number in range(64)})
    line = JsonFormatter("shop", 16_384, line_bytes).format(record)
    assert len(line) <= line_bytes
    parsed = json.loads(line)
    assert (parsed["message"], parsed["service"]) == ("hello", "shop")


def test_text_is_cut_in_bytes_and_not_within_a_character() -> None:
    """An emoji takes twelve bytes of a line in ASCII."""
    value = format_record(value="\U0001f600" * 1_000)["value"]
    assert value == "\U0001f600" * 21 + "[979 characters cut]"


def test_password_in_a_url_does_not_show_in_part_where_it_is_cut() -> None:
    """The cut comes amid the password, and no `@` behind it says what it is."""
    value = format_record(value="x" * 230 + "postgres://app:canarycanarycanarycanary@db/app")[
        "value"
    ]
    assert "canary" not in value


def test_text_of_a_client_is_looked_through_in_no_time() -> None:
    """Beginnings of URLs without an end made the search for passwords quadratic."""
    assert "cut]" in format_record(value="://:a" * 1_000_000)["value"]


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


def test_longest_line_is_one_that_loki_takes_whole() -> None:
    """It cuts longer ones, and what is cut is no JSON."""
    limits = yaml.safe_load((ROOT / "loki/loki.yml").read_text())["limits_config"]
    assert limits["max_line_size"] == "64KB"
    assert TelemetrySettings().log_line_bytes == 64 * 1024


class Unreadable:
    """An object of no class."""

    @property  # type: ignore[misc] # it takes a value, too
    def __class__(self) -> Any:  # noqa: ANN401 - nothing comes of it
        raise RuntimeError("no class")


class Unmeasured(str):
    """A text that cannot be looked at."""

    __slots__ = ()

    def isascii(self) -> bool:
        raise RuntimeError("no")

    def __len__(self) -> int:
        raise RuntimeError("no length")


@pytest.mark.parametrize(
    "make", [Unreadable, lambda: Unmeasured("x"), lambda: [Unreadable()]], ids=range(3)
)
def test_value_of_a_strange_class_takes_no_line_along(make: Callable[[], object]) -> None:
    """The line says whose it is."""
    assert "cannot be shown" in str(format_record(value=make())["value"])


def test_message_that_cannot_be_shown_still_makes_a_line() -> None:
    """Somebody logs an object by itself."""
    assert format_record(Hostile())["message"].startswith("[Hostile cannot be shown]")


@pytest.mark.parametrize(
    "changes", [{"created": float("nan")}, {"exc_info": True}, {"levelname": None}, {"args": 7}]
)
def test_record_that_nothing_can_be_made_of_is_a_line_and_a_failure(
    changes: dict[str, object], capfd: pytest.CaptureFixture[str]
) -> None:
    """What calls handlers by itself makes such records; no log call may raise or end in silence."""
    with (Path("/dev/fd/1")).open("w") as stdout:
        handler = StdoutHandler(JsonFormatter("shop"), stdout)
        record = logging.LogRecord("test", logging.INFO, "shop.py", 7, "hello", (), None)
        record.__dict__.update(changes)
        assert handler.handle(record)
        handler.close()
    (line, *_) = [json.loads(each) for each in capfd.readouterr().out.splitlines()]
    assert "shop.py:7" in line["message"] or "hello" in line["message"]
