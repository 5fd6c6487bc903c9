"""Names, labels and annotations that Prometheus takes as they are, in rules and in alerts."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints

_FIELD: Final = (
    r"(?:\$labels|\.Labels)\.[A-Za-z_][A-Za-z0-9_]*(?:\s*\|\s*(?:title|toUpper|toLower))*"
)
_HUMAN: Final = r"humanize|humanize1024|humanizeDuration|humanizePercentage|humanizeTimestamp"
_PRINTED: Final = r"printf\s+\"%[-+ 0]*\d{0,2}(?:\.\d{1,2})?[efg]\""
_VALUE: Final = rf"(?:\$value|\.Value)(?:\s*\|\s*(?:{_HUMAN}|{_PRINTED}))?"
_ACTION: Final = re.compile(rf"\{{\{{(?:-\s)?\s*(?:{_FIELD}|{_VALUE})\s*(?:\s-)?\}}\}}")


def _label_name(name: str) -> str:
    if name.startswith("__"):
        raise ValueError("a name that begins with __ is Prometheus' own")
    return name


def _label_value(value: str) -> str:
    if not value:
        raise ValueError("an empty label is none: leave it out")
    if "{{" in value:
        raise ValueError("a label of records is no template: write it below alerting")
    return value


def _template(value: str) -> str:
    left = _ACTION.sub("", value)
    if "{{" in left:
        shown = left[left.index("{{") :][:40]
        raise ValueError(
            f"{shown!r} is no template that is surely valid: "
            "write {{ $labels.NAME }}, or {{ $value }} with a humanize function or printf"
        )
    return value


def _label_template(value: str) -> str:
    if not value:
        raise ValueError("an empty label is none: leave it out")
    return _template(value)


# Names become label values, and parts of group names and of files' names.
Name = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9_./-]*[A-Za-z0-9])?$", max_length=200)
]
AlertName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$", max_length=200)
]
LabelName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"), AfterValidator(_label_name)
]
LabelValue = Annotated[str, AfterValidator(_label_value)]
Labels = dict[LabelName, LabelValue]
AlertLabels = dict[LabelName, Annotated[str, AfterValidator(_label_template)]]
Annotations = dict[LabelName, Annotated[str, AfterValidator(_template)]]
