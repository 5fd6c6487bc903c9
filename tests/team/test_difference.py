"""The difference of what two releases make, as a pure function of both."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from burnrate.team.difference import Difference, difference
from burnrate.team.made import Made, Rule
from burnrate.team.plan import lines

_NAMES = st.sampled_from(["a", "b", "c"])
_VALUES = st.one_of(_NAMES, st.integers(0, 3), st.lists(_NAMES, max_size=2))
_MAPPINGS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    _NAMES, st.one_of(_VALUES, st.dictionaries(_NAMES, _VALUES, max_size=2)), max_size=3
)
_LABELS = st.dictionaries(_NAMES, _NAMES, max_size=2)


@st.composite
def _rules(draw: st.DrawFn) -> Rule:
    name, kind = draw(_NAMES), draw(st.sampled_from(["alert", "record"]))
    return Rule(draw(_NAMES), name, {kind: name, "expr": draw(_NAMES), "labels": draw(_LABELS)})


_MADE = st.builds(
    Made,
    rules=st.lists(_rules(), max_size=6).map(tuple),
    panels=st.dictionaries(st.tuples(_NAMES, _NAMES), _MAPPINGS, max_size=3),
    routes=_MAPPINGS,
    parts=_MAPPINGS,
    files=st.dictionaries(st.sampled_from(["x", "alerting/runbooks/A.md"]), _NAMES),
    settings=st.dictionaries(_NAMES, _NAMES),
)


def _rule(kind: str = "alert", group: str = "g", name: str = "Down", **fields: Any) -> Rule:  # noqa: ANN401
    named = {field.rstrip("_"): value for field, value in fields.items()}
    return Rule(group, name, {kind: name, "expr": "up == 0", **named})


@given(_MADE)
def test_what_is_the_same_has_no_difference(made: Made) -> None:
    """Of each with itself, also where a name is there twice."""
    assert difference(made, made).is_empty
    assert list(lines(difference(made, made), (), is_verbose=True)) == ["nothing changes"]


@given(_MADE, _MADE)
def test_what_differs_is_said(old: Made, new: Made) -> None:
    """Empty only for the same, in any order of rules; as many rules come as the numbers say."""
    found = difference(old, new)
    same = replace(old, rules=()) == replace(new, rules=()) and sorted(
        (rule.group, rule.text) for rule in old.rules
    ) == sorted((rule.group, rule.text) for rule in new.rules)
    assert found.is_empty == same
    changes = [*found.alerts, *found.records]
    come = sum(change.kind == "added" for change in changes)
    gone = sum(change.kind == "removed" for change in changes)
    assert come - gone == len(new.rules) - len(old.rules)
    assert all("\n" not in line for line in lines(found, (), is_verbose=True))


@given(_MADE, _MADE)
def test_the_way_back_has_the_same_names(old: Made, new: Made) -> None:
    """What is added one way is removed the other."""
    there, back = difference(old, new), difference(new, old)
    for one, other in ((there.begins, back.ends), (there.ends, back.begins)):
        assert {(rule.name, rule.labels) for rule in one} == {
            (rule.name, rule.labels) for rule in other
        }
    for field in ("panels", "routes", "runbooks", "parts", "files", "settings"):
        added = {c.what for c in getattr(there, field) if c.kind == "added"}
        assert added == {c.what for c in getattr(back, field) if c.kind == "removed"}


@given(_MADE, _rules())
def test_a_rule_more_is_one_that_is_added(made: Made, rule: Rule) -> None:
    """Whatever else is there by its name."""
    found = difference(made, replace(made, rules=(*made.rules, rule)))
    (change,) = [*found.alerts, *found.records]
    assert (change.kind, change.what) == ("added", rule.name)


def _changes(old: Rule, new: Rule) -> Difference:
    return difference(Made(rules=(old,)), Made(rules=(new,)))


def test_what_of_a_rule_has_changed_is_named() -> None:
    """By its way from the top, with both values."""
    old = _rule(for_="1m", annotations={"summary": "a"})
    new = _rule(for_="2m", annotations={"summary": "a", "description": "b"})
    (change,) = _changes(old, new).alerts
    assert (change.kind, change.what, change.where) == ("changed", "Down", "g")
    assert {name: (a, b) for name, a, b in change.details} == {
        "for": ("1m", "2m"),
        "annotations.description": (None, "b"),
    }


def test_a_rule_that_moves_is_the_same_rule() -> None:
    """It changes its group."""
    (change,) = _changes(_rule(), _rule(group="h")).alerts
    assert change.details == (("group", "g", "h"),)


def test_an_alert_with_other_labels_changed() -> None:
    """Its severity is a label as well."""
    old, new = (_rule(labels={"severity": each}) for each in ("ticket", "page"))
    (change,) = _changes(old, new).alerts
    assert change.details == (("labels.severity", "ticket", "page"),)


def test_a_record_by_another_name_or_with_other_labels_begins_anew() -> None:
    """A ledger, which goes on from what it recorded, is named first."""
    ledger = "max(slo:events:total offset 1ms) + 1"
    labels: Mapping[str, str] = {"service": "api"}
    old = _rule("record", name="slo:events:total", expr=ledger, labels=labels)
    new = _rule("record", name="slo:events:total", expr=ledger, labels={**labels, "cluster": "eu"})
    other = _rule("record", name="a:ratio", expr="1", labels={})
    found = difference(Made(rules=(old,)), Made(rules=(new, other)))
    assert [rule.name for rule in found.begins] == ["slo:events:total", "a:ratio"]
    assert list(lines(found, (), is_verbose=False))[:4] == [
        "history that begins with the upgrade:",
        "  slo:events:total: a ledger, {service=api, cluster=eu}",
        "  a:ratio: {}",
        "history that is written no more:",
    ]


def test_a_record_that_is_computed_otherwise_keeps_its_history() -> None:
    """It is a change like any other."""
    old, new = (_rule("record", name="a:ratio", expr=each) for each in ("1", "2"))
    found = _changes(old, new)
    assert (found.begins, found.ends) == ((), ())
    assert [change.details for change in found.records] == [(("expr", "1", "2"),)]


def test_what_changes_alike_is_one_line() -> None:
    """An alert of each service, with the groups; short values stand in it."""
    old = tuple(_rule(group=name, for_="1m") for name in "abcdef")
    new = tuple(_rule(group=name, for_="2m") for name in "abcdef")
    found = difference(Made(rules=old), Made(rules=new))
    assert list(lines(found, (), is_verbose=False)) == [
        "alerts: 6 changed",
        "  ~ Down: for 1m -> 2m (a, b, c, d and 2 more)",
    ]
