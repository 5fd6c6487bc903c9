"""One objective for each value of a label, as a team's settings list them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from burnrate.promql import Matcher, QueryError, Selector, selectors
from burnrate.slo.specification.settings import ByRoute, Grouping, RatioSettings, SloSettings
from burnrate.slo.specification.sloth import Events, SloSpec
from burnrate.slo.specification.terms import Term, terms

# An objective has some seventy series, so this is two thousand at most.
MOST_GROUPS: Final = 30
SERIES_EACH: Final = 75
# What no listed value has: nothing is lost when a tenant is new.
OTHERS: Final = "others"
_WINDOW: Final = "{{.window}}"
_NO_PART_OF_A_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]+")


class GroupingProblem(Exception):
    """An objective cannot be divided so; the message says why."""


@dataclass(frozen=True)
class Group:
    """One of an objective's groups, as an objective of its own."""

    spec: SloSpec
    settings: SloSettings


def groups(spec: SloSpec, events: Events, settings: SloSettings) -> list[Group]:
    """Return the objectives of an objective's groups: one a value, and one of all others.

    Args:
        spec: The objective.
        events: What it counts, checked.
        settings: Its settings, with a grouping.

    Raises:
        GroupingProblem: there are too many values, or two of one name; or it counts something else
            than sums of counters.
    """
    grouping = settings.grouping
    assert grouping is not None  # noqa: S101 - asked for by the caller
    names = _names(grouping)
    added = {field: _terms(query, grouping) for field, query in events}
    listed = [Matcher(grouping.label, "=", value) for value in grouping.values]
    rest = Matcher(grouping.label, "!~", "|".join(map(re.escape, grouping.values)))
    shown = [*grouping.values, OTHERS]
    return [
        _group(spec, settings, name, value, matcher, added)
        for name, value, matcher in zip(names, shown, [*listed, rest], strict=True)
    ]


def note(grouping: Grouping) -> str:
    """Return how many series a grouping costs, for people."""
    count = len(grouping.values) + 1
    return (
        f"is {count} objectives by {grouping.label}, {OTHERS} among them,"
        f" with about {count * SERIES_EACH} series"
    )


def _names(grouping: Grouping) -> list[str]:
    count = len(grouping.values)
    if count > MOST_GROUPS:
        raise GroupingProblem(
            f"has {count} values, about {(count + 1) * SERIES_EACH} series: at most {MOST_GROUPS}."
            f" List those that have an objective of their own; all else is in {OTHERS}"
        )
    names: dict[str, str] = {OTHERS: "what is not listed"}
    for value in grouping.values:
        name = _NO_PART_OF_A_NAME.sub("-", value).strip("-._")
        if not name:
            raise GroupingProblem(f"{value!r} gives no name")
        if name in names:
            raise GroupingProblem(f"{value!r} and {names[name]!r} have one name, {name}")
        names[name] = value
    return [*list(names)[1:], OTHERS]


def _terms(query: str, grouping: Grouping) -> tuple[Term, ...]:
    found = terms(query.replace(_WINDOW, "5m"))
    if not found:
        raise GroupingProblem("needs sums or differences of counters: sum(rate(...[{{.window}}]))")
    for each in found:
        if each.selector.of(grouping.label):
            raise GroupingProblem(f"its queries select by {grouping.label} already")
    return found


def _group(
    spec: SloSpec,
    settings: SloSettings,
    name: str,
    value: str,
    matcher: Matcher,
    added: dict[str, tuple[Term, ...]],
) -> Group:
    label = matcher.label
    made = Events(**{field: _query(found, matcher) for field, found in added.items()})
    labels = {**spec.labels, label: value}
    own = spec.model_copy(
        update={
            "name": f"{spec.name}-{name}",
            "labels": labels,
            "sli": spec.sli.model_copy(update={"events": made}),
        }
    )
    series = {
        field: tuple(_with(each, Matcher(label, "=", value)) for each in getattr(settings, field))
        for field in ("good", "bad")
    }
    changed: dict[str, object] = {"grouping": None, **series}
    if isinstance(settings, RatioSettings) and settings.by_route is not None:
        changed["by_route"] = _by_route(settings.by_route, matcher)
    return Group(own, settings.model_copy(update=changed))


def _query(found: Sequence[Term], matcher: Matcher) -> str:
    return "".join(_parts(found, matcher))


def _parts(found: Sequence[Term], matcher: Matcher) -> Iterator[str]:
    for at, each in enumerate(found):
        rate = f"sum(rate({_narrowed(each.selector, matcher).text}[{_WINDOW}]))"
        if at == 0 and each.is_added:
            yield rate
        else:
            yield f"{' ' if at else ''}{'+' if each.is_added else '-'} ({rate} or vector(0))"


def _narrowed(selector: Selector, matcher: Matcher) -> Selector:
    return Selector(selector.matchers | {matcher})


def _with(selector: str, matcher: Matcher) -> str:
    try:
        (found,) = selectors(selector)
    except (QueryError, ValueError):
        # What is wrong with it is said where it is checked.
        return selector
    kept = [each for each in found.matchers if each.label != matcher.label]
    return Selector(frozenset({*kept, matcher})).text


def _by_route(by_route: ByRoute, matcher: Matcher) -> ByRoute | None:
    if by_route.route == matcher.label:
        # A route's own objective sees it fail.
        return None
    return by_route.model_copy(
        update={
            "counted": _with(by_route.counted, matcher),
            "failed": _with(by_route.failed, matcher),
        }
    )
