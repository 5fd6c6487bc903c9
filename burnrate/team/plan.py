"""What `burnrate upgrade --plan` prints."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from burnrate.team.difference import Change, Difference
from burnrate.team.made import Rule

_SIGNS: Final = {"added": "+", "removed": "-", "changed": "~"}
# Characters of a value that is shown where it is named.
_SHORT: Final = 40
# Of one line; --verbose has all.
_NAMED: Final = 4


def lines(found: Difference, replaced: Sequence[str], *, is_verbose: bool) -> Iterator[str]:
    """Yield the report, the most important part first.

    Args:
        found: The difference.
        replaced: Files of the team's that stand in the place of what has changed in the release.
        is_verbose: Whether each old and each new value is shown.
    """
    if found.is_empty and not replaced:
        yield "nothing changes"
        return
    yield from _history("begins with the upgrade", found.begins)
    yield from _history("is written no more", found.ends)
    for name in replaced:
        yield f"{name}: yours stands in the place of the release's, which has changed"
    sections = {
        "settings": found.settings,
        "alerts": found.alerts,
        "routes and receivers": found.routes,
        "runbooks": found.runbooks,
        "recording rules": found.records,
        "dashboards": found.panels,
        "parts": found.parts,
        "other files of parts": found.files,
    }
    for title, changes in sections.items():
        if changes:
            yield f"{title}: {_counts(changes)}"
            yield from _of_section(changes, is_verbose=is_verbose)


def _history(what: str, rules: Sequence[Rule]) -> Iterator[str]:
    by_name: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        by_name[rule.name].append(rule)
    if not by_name:
        return
    yield f"history that {what}:"
    for name, each in sorted(by_name.items(), key=lambda pair: (not pair[1][0].is_ledger, pair[0])):
        ledger = " a ledger," if each[0].is_ledger else ""
        yield f"  {name}:{ledger} {_listed([_labels(rule) for rule in each])}"


def _labels(rule: Rule) -> str:
    labels = rule.fields.get("labels", {})
    return "{" + ", ".join(f"{name}={value}" for name, value in labels.items()) + "}"


def _counts(changes: Sequence[Change]) -> str:
    numbers = {kind: sum(change.kind == kind for change in changes) for kind in _SIGNS}
    return ", ".join(f"{number} {kind}" for kind, number in numbers.items() if number)


def _of_section(changes: Iterable[Change], *, is_verbose: bool) -> Iterator[str]:
    """Yield a line for all that changed alike, such as one alert of every service."""
    alike: dict[tuple[str, str, tuple[str, ...]], list[Change]] = defaultdict(list)
    for change in changes:
        names = tuple(dict.fromkeys(_detail(*detail) for detail in change.details))
        alike[change.kind, change.what, names].append(change)
    for (kind, what, names), each in alike.items():
        where = [change.where for change in each if change.where]
        about = f": {_listed(names)}" if names else ""
        yield f"  {_SIGNS[kind]} {what}{about}{f' ({_listed(where)})' if where else ''}"
        if is_verbose:
            yield from _values(each)


def _detail(name: str, old: Any, new: Any) -> str:  # noqa: ANN401 - of any file
    """Return what has changed; short values are shown at once."""
    values = [_value(old), _value(new)]
    if max(map(len, values)) > _SHORT:
        return name
    return " ".join(filter(None, [name, " -> ".join(values)]))


def _values(changes: Iterable[Change]) -> Iterator[str]:
    for change in changes:
        for name, old, new in change.details:
            where = " ".join(filter(None, [change.where, name]))
            yield f"      {where}" if where else "      value"
            yield f"        - {_value(old)}"
            yield f"        + {_value(new)}"


def _value(value: Any) -> str:  # noqa: ANN401 - of any file
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return " ".join(text.split())


def _listed(names: Iterable[str]) -> str:
    unique = list(dict.fromkeys(names))
    more = f" and {len(unique) - _NAMED} more" if len(unique) > _NAMED else ""
    return ", ".join(unique[:_NAMED]) + more
