"""Variables in docker-compose.yml and burnrate.yml."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnrate.interpolation import InterpolationError, interpolate

SET = {"NAME": "value", "EMPTY": "", "OTHER": "other"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$NAME/x", "value/x"),
        ("${NAME}x", "valuex"),
        ("${UNSET}", ""),
        ("${UNSET:-fallback}", "fallback"),
        ("${EMPTY:-fallback}", "fallback"),
        ("${EMPTY-fallback}", ""),
        ("${UNSET-fallback}", "fallback"),
        ("${NAME:+there}", "there"),
        ("${EMPTY:+there}", ""),
        ("${EMPTY+there}", "there"),
        ("${NAME:?must}", "value"),
        ("${EMPTY?must}", ""),
        ("${UNSET:-${OTHER}}", "other"),
        ("${UNSET:-a${UNSET2:-b}c}", "abc"),
        ("${IMAGE:-prom/prometheus:v3.14.0}", "prom/prometheus:v3.14.0"),
        ("^/(dev|proc)($$|/)", "^/(dev|proc)($|/)"),
        ("$$NAME", "$NAME"),
        ("127.0.0.1:${PORT:-8080}:8080", "127.0.0.1:8080:8080"),
    ],
)
def test_reads_each_form_as_compose_does(text: str, expected: str) -> None:
    """Every form of the reference gives what Compose gives."""
    assert interpolate(text, SET) == expected


@pytest.mark.parametrize("text", ["${EMPTY:?run make init}", "${UNSET?run make init}"])
def test_a_required_variable_that_is_missing_is_named_with_its_reason(text: str) -> None:
    """The one line says which variable it is and what to do."""
    with pytest.raises(InterpolationError, match=r"(EMPTY|UNSET) is not set: run make init"):
        interpolate(text, SET)


@pytest.mark.parametrize("text", ["a $ b", "${NAME", "${NAME!x}", "${1A}"])
def test_what_compose_refuses_is_refused(text: str) -> None:
    """A malformed variable never passes as text."""
    with pytest.raises(InterpolationError, match=r"cannot read|lone|no closing"):
        interpolate(text, SET)


@given(st.text())
def test_escaped_text_comes_back_as_it_was(text: str) -> None:
    """Doubling each dollar protects any text."""
    assert interpolate(text.replace("$", "$$"), SET) == text
