"""The difference between what two releases make of the same files; nothing is read or run here."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from burnrate.team.made import Made, Rule

Kind = Literal["added", "removed", "changed"]
_RUNBOOKS: Final = "alerting/runbooks/"
_NOTHING: Final = object()
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Change:
    """One thing that differs.

    Attributes:
        what: Its name.
        where: The group of a rule, the dashboard of a panel; empty for all else.
        details: What of it changed: the name of each value, the old one and the new one.
    """

    kind: Kind
    what: str
    where: str = ""
    details: tuple[tuple[str, Any, Any], ...] = ()


@dataclass(frozen=True)
class Difference:
    """All that differs.

    Attributes:
        begins: Records that have no history yet: their name or their labels are new.
        ends: Records that are written no more.
    """

    alerts: tuple[Change, ...] = ()
    records: tuple[Change, ...] = ()
    panels: tuple[Change, ...] = ()
    routes: tuple[Change, ...] = ()
    runbooks: tuple[Change, ...] = ()
    parts: tuple[Change, ...] = ()
    files: tuple[Change, ...] = ()
    settings: tuple[Change, ...] = ()
    begins: tuple[Rule, ...] = ()
    ends: tuple[Rule, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return self == Difference()


def difference(old: Made, new: Made) -> Difference:
    """Return what changes from one to the other."""
    rules = list(_rule_changes(old.rules, new.rules))
    before, after = (_series(made.rules) for made in (old, new))
    return Difference(
        alerts=tuple(change for rule, change in rules if not rule.is_record),
        records=tuple(change for rule, change in rules if rule.is_record),
        panels=tuple(
            Change(kind, panel, board, details)
            for kind, (board, panel), details in _compared(old.panels, new.panels)
        ),
        routes=_named(old.routes, new.routes),
        runbooks=_named(*(_files(made, of_runbooks=True) for made in (old, new)), is_deep=False),
        parts=_named(old.parts, new.parts),
        files=_named(*(_files(made, of_runbooks=False) for made in (old, new)), is_deep=False),
        settings=_named(old.settings, new.settings),
        begins=tuple(rule for key, rule in after.items() if key not in before),
        ends=tuple(rule for key, rule in before.items() if key not in after),
    )


def _series(rules: Iterable[Rule]) -> dict[Hashable, Rule]:
    return {(rule.name, rule.labels): rule for rule in rules if rule.is_record}


def _files(made: Made, *, of_runbooks: bool) -> dict[str, str]:
    return {
        name.removeprefix(_RUNBOOKS): text
        for name, text in made.files.items()
        if name.startswith(_RUNBOOKS) == of_runbooks
    }


def _rule_changes(old: Sequence[Rule], new: Sequence[Rule]) -> Iterator[tuple[Rule, Change]]:
    pairs, gone, come = _paired(old, new)
    for before, after in pairs:
        details = list(_details(before.fields, after.fields))
        if before.group != after.group:
            details.append(("group", before.group, after.group))
        if details:
            yield after, Change("changed", after.name, after.group, tuple(details))
    for rule in gone:
        yield rule, Change("removed", rule.name, rule.group)
    for rule in come:
        yield rule, Change("added", rule.name, rule.group)


def _paired(
    old: Sequence[Rule], new: Sequence[Rule]
) -> tuple[list[tuple[Rule, Rule]], list[Rule], list[Rule]]:
    """Return who is whose successor, the closest first, and who has none on either side."""
    pairs: list[tuple[Rule, Rule]] = []
    gone, come = list(old), list(new)
    keys: tuple[Callable[[Rule], Hashable], ...] = (
        lambda rule: (rule.group, rule.text),
        lambda rule: (rule.group, rule.name, rule.labels),
        lambda rule: (rule.name, rule.labels),
        lambda rule: (rule.group, rule.name),
    )
    for key in keys:
        waiting: dict[Hashable, list[Rule]] = defaultdict(list)
        for rule in come:
            waiting[key(rule)].append(rule)
        left = []
        for rule in gone:
            if found := waiting[key(rule)]:
                pairs.append((rule, found.pop(0)))
            else:
                left.append(rule)
        gone, come = left, [rule for rules in waiting.values() for rule in rules]
    return pairs, gone, come


def _named(
    old: Mapping[str, Any], new: Mapping[str, Any], *, is_deep: bool = True
) -> tuple[Change, ...]:
    return tuple(
        Change(kind, name, "", details if is_deep else ())
        for kind, name, details in _compared(old, new)
    )


def _compared(
    old: Mapping[K, Any], new: Mapping[K, Any]
) -> Iterator[tuple[Kind, K, tuple[tuple[str, Any, Any], ...]]]:
    for name in dict.fromkeys([*old, *new]):
        if name not in new:
            yield "removed", name, ()
        elif name not in old:
            yield "added", name, ()
        elif old[name] != new[name]:
            yield "changed", name, tuple(_details(old[name], new[name]))


def _details(old: Any, new: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401 - of any file
    """Yield the values that differ, each by its way from the top."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            below = f"{name}.{key}" if name else str(key)
            yield from _details(old.get(key, _NOTHING), new.get(key, _NOTHING), below)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _details(before, after, f"{name}[{index}]")
    elif old != new or type(old) is not type(new):
        yield name, _or_none(old), _or_none(new)


def _or_none(value: Any) -> Any:  # noqa: ANN401 - of any file
    return None if value is _NOTHING else value
