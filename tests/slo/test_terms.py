"""Which event queries a ledger can count."""

import pytest

from burnrate.slo.specification.terms import terms


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('sum(rate(a{x="1"}[5m]))', ['+a{x="1"}']),
        ("sum(increase(a[5m]))", ["+a"]),
        ("(sum(rate(a[5m])) or vector(0)) - sum(rate(b[5m]))", ["+a", "-b"]),
        ("sum(rate(a[5m])) - (sum(rate(b[5m])) - sum(rate(c[5m])))", ["+a", "-b", "+c"]),
        (r'sum(rate(a{le=~"1|1\\.0"}[5m]))', [r'+a{le=~"1|1\\.0"}']),
    ],
)
def test_sums_and_differences_are_taken_apart(query: str, expected: list[str]) -> None:
    """Each counter with its sign, as PromQL that Prometheus takes."""
    found = terms(query)

    assert ["-+"[each.is_added] + each.selector.text for each in found] == expected


@pytest.mark.parametrize(
    "query",
    [
        "sum(rate(a[5m])) * 2",
        "sum by (x) (rate(a[5m]))",
        "sum(rate(a[5m] offset 5m))",
        "sum(rate(a[5m])) or sum(rate(b[5m]))",
        "sum(rate(a[5m])) + on (x) sum(rate(b[5m]))",
        "sum(sum_over_time(a[5m]))",
        "sum(rate(a[5m])) + sum(rate(a[5m]))",
        "max(rate(a[5m]))",
    ],
)
def test_anything_else_is_not(query: str) -> None:
    """It is counted with `increase` instead."""
    assert terms(query) == ()


def test_a_term_s_name_is_that_of_what_it_selects() -> None:
    """Another threshold is another counter: its count begins anew."""
    (one,) = terms('sum(rate(a{le="0.25", job="b"}[5m]))')
    (same,) = terms('sum(rate(a{job="b", le="0.25"}[1h]))')
    (other,) = terms('sum(rate(a{job="b", le="0.5"}[5m]))')

    assert one.name == same.name != other.name
