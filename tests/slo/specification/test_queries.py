"""Queries of specifications: what each Prometheus accepts, as one line; else a reason."""

import pytest

from burnrate.slo.specification.queries import QueryProblem, checked, plain

_RATE = "sum(rate(a[{{.window}}]))"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("sum(rate(a[{{ .window }}]))", _RATE),
        ("sum(rate(a[{{- .window -}}]))", _RATE),
        ("sum(\n  rate(a[{{.window}}])\n)\n", "sum( rate(a[{{.window}}]) )"),
        (
            'sum(rate(a{b="two  blanks # no comment"}[{{.window}}]))',
            'sum(rate(a{b="two  blanks # no comment"}[{{.window}}]))',
        ),
        ("sum(increase(a[{{.window}}]))", _RATE),
        (
            "sum(increase(a[{{.window}}])) - (sum(increase(b[{{.window}}])) or vector(0))",
            "sum(rate(a[{{.window}}])) - (sum(rate(b[{{.window}}])) or vector(0))",
        ),
        (
            "sum(sum_over_time((rate(a[1m]) > bool 5)[{{.window}}:1m]))",
            "sum(sum_over_time((rate(a[1m]) > bool 5)[{{.window}}:1m]))",
        ),
    ],
)
def test_a_query_becomes_one_line_and_stays_what_it_says(written: str, read: str) -> None:
    """White space outside texts, the placeholder's spellings; events a second where they can be."""
    assert checked(written).text == read


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        (_RATE, "rate"),
        ("sum(increase(a[{{.window}}]))", "rate"),
        ("ceil(sum(increase(a[{{.window}}])))", "amount"),
        ("sum_over_time(count(a < 0.5)[{{.window}}:])", "amount"),
        ("1 - sum(avg_over_time(a[{{.window}}]))", "level"),
    ],
)
def test_a_query_says_what_it_counts(query: str, kind: str) -> None:
    """Events a second, events of the window, or no events at all."""
    assert checked(query).kind == kind


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (_RATE, True),
        ("sum(rate(a[{{.window}}]) > 0) - 2 * avg(rate(b[{{.window}}]))", True),
        ("rate(a[{{.window}}]) * rate(b[{{.window}}]) / on () sum(rate(b[{{.window}}]))", True),
        ("clamp_min(sum(rate(a[{{.window}}])) or vector(0), 0)", True),
        ("sum(rate(a[{{.window}}]) and on (job) rate(b[{{.window}}]) > 0)", True),
        ("sum(rate(a[{{.window}}]) * on (i) group_left () info)", True),
        ("sum(rate(a[{{.window}}]) > 0.1)", False),
        ("sum(rate(a[{{.window}}]) > bool 0)", False),
        ("sum(rate(a[{{.window}}]) unless rate(b[{{.window}}]) > 3)", False),
        ("count(rate(a[{{.window}}]))", False),
        ("sum(rate(a[{{.window}}])) + 0.5", False),
        ("sum(rate(a[{{.window}}])) or vector(1)", False),
        ("clamp_max(sum(rate(a[{{.window}}])), 1)", False),
        ("ceil(sum(rate(a[{{.window}}])))", False),
        ("sum(rate(a[{{.window}}])) ^ 2", False),
        ("histogram_quantile(0.9, rate(a[{{.window}}]))", False),
        ("sum(rate(a[{{.window}}])) / sum(rate(b[{{.window}}]))", False),
    ],
)
def test_only_what_is_proportional_to_its_rates_is_counted_by_increase(
    query: str,
    expected: bool,
) -> None:
    """A threshold is of rates, and a number of series is no number of events."""
    assert checked(query).is_proportional is expected


@pytest.mark.parametrize(
    ("query", "line", "reason"),
    [
        ("sum(\n rate(a[{{.window}}])) # all", 1, "has a comment"),
        ("sum(rate(a[{{.window}}])", 0, "unclosed left parenthesis"),
        ("\nsum(\nrate(a[{{.window}}))", 2, "is not PromQL"),
        ('sum(rate(a{b="c"[{{.window}}]))', 0, "is not PromQL"),
        ("sum(rate(a[{{.window}))", 0, "a template other than {{.window}}"),
        ("sum(rate(a[{{.period}}]))", 0, "a template other than {{.window}}"),
        ("sum(rate(a))", 0, "is not PromQL"),
        ("sum(a)", 0, "has no [{{.window}}]"),
        ("\nsum(rate(a[5m]))", 1, "written by hand"),
        ("sum(rate(a[{{.window}}])) +\n sum(rate(b[5m]))", 1, "written by hand, of 300 s"),
        ("sum(rate(a[{{.window}}] offset {{.window}}))", 0, "it belongs into brackets"),
        ('sum(rate(a{b="{{.window}}"}[{{.window}}]))', 0, "a template in a text"),
        ('sum(rate({__name__="a"}[{{.window}}]))', 0, "selects by __name__"),
        ('sum(rate({"a.b"}[{{.window}}]))', 0, "a quoted name"),
        ('sum by ("a.b") (rate(a[{{.window}}]))', 0, "a quoted name"),
        ('sum(rate(a{b="c" or d="e"}[{{.window}}]))', 0, "an `or` in braces"),
        ("sum(rate(a[{{.window}}])) > 5m", 0, "a duration where a number belongs"),
        (
            "sum(max_over_time(rate(a[300])[{{.window}}:]))",
            0,
            "a range or an offset without a unit",
        ),
        ("histogram_avg(rate(a[{{.window}}]))", 0, "which Prometheus 2.42 lacks"),
        ("limitk(3, rate(a[{{.window}}]))", 0, "which Prometheus 2.42 lacks"),
        ("scalar(sum(rate(a[{{.window}}])))", 0, "gives a number or a range"),
        ("a[{{.window}}]", 0, "gives a number or a range"),
        ('sum(rate(a{b=~"c{1001}"}[{{.window}}]))', 0, "more than 1000 times"),
        ('sum(rate(a{b=~"(?<c>d)"}[{{.window}}]))', 0, "have no group"),
        ("sum(rate(a{b=~`\\u0041`}[{{.window}}]))", 0, "regular expressions"),
        ('sum(rate(a{b="\\xff"}[{{.window}}]))', 0, "a text with bytes"),
        ("rate(a[{{.window}}]) + increase(b[{{.window}}])", 0, "mixes increase and rate"),
        ('label_replace(rate(a[{{.window}}]), "b c", "$1", "d", "(.*)")', 0, "a name of a label"),
        ("", 0, "is not PromQL"),
        ('sum(rate(a{b="c}[{{.window}}]))', 0, "does not end"),
    ],
)
def test_what_some_prometheus_would_refuse_has_a_reason(query: str, line: int, reason: str) -> None:
    """And the line in the query."""
    with pytest.raises(QueryProblem) as refused:
        checked(query)

    assert reason in refused.value.reason
    assert refused.value.line == line


def test_a_query_without_a_window_is_told_from_one_with_it() -> None:
    """OpenSLO's select counters; the window is added to those."""
    assert plain(_RATE) is None
    assert plain("sum(a)") is not None
