"""Patterns: what Go understands from Prometheus 2.42 on, and Rust may read otherwise."""

import pytest

from burnrate.slo.specification.queries.regexes import regex_problem


@pytest.mark.parametrize(
    "pattern",
    [
        "5..|429",
        r"[^2-4]\d+\.(?:a|b)*?",
        r"(?i)get|(?P<name>x){2,3}",
        r"[[:alpha:]][]a-]\pL\p{Lu}\x{41}",
        r"/(users|posts)(/.*)?",
        "",
    ],
)
def test_what_both_engines_read_alike_is_accepted(pattern: str) -> None:
    """Groups, classes, repetitions, categories of characters."""
    assert regex_problem(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("a{1001}", "more than 1000 times"),
        ("(a{100}){100}", "more than 1000 times"),
        ("a**", "repeats a repetition"),
        ("a{2}{3}", "repeats a repetition"),
        ("a)(b", "closes a group that is not open"),
        ("(?<name>a)", "no group"),
        ("(?x)a b", "no group"),
        (r"\u0041", r"no \u0"),
        (r"\p{Alphabetic}", r"no \p{"),
        ("[a&&b]", "engines read differently"),
        ("[a[b]]", "engines read differently"),
        ("[a", "engines read differently"),
    ],
)
def test_what_only_one_engine_reads_is_refused(pattern: str, reason: str) -> None:
    """Also what is a whole pattern only between the anchors that Prometheus adds."""
    assert reason in (regex_problem(pattern) or "")
