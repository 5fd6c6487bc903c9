"""Regular expressions that Go's RE2 accepts, from the Go of Prometheus 2.42 on.

promql-parser asks Rust's engine, which knows more than Go's. What is not surely common is refused.
Source: https://github.com/google/re2/wiki/Syntax
"""

import re
from typing import Final

# Repetitions beyond this are refused by RE2, nested ones by their product.
_MOST_REPEATED: Final = 1000
_ESCAPED: Final = r"[dDsSwWbBAzntrfva]|[^\sA-Za-z0-9_]|x[0-9A-Fa-f]{2}|x\{[0-9A-Fa-f]{1,4}\}"
_CATEGORY: Final = (
    r"[pP](?:[LMNPSZ]|\{(?:L[ulmto]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?)\})"
)
_ESCAPE: Final = re.compile(rf"\\(?:{_ESCAPED}|{_CATEGORY})")
_GROUP: Final = re.compile(r"\(\?(?:P<[A-Za-z_][A-Za-z0-9_]*>|:|[ims]+(?:-[ims]+)?[:)])")
_REPEAT: Final = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_CLASS: Final = re.compile(r"\[\^?\]?(?:[^\]\\\[]|\\.|\[:\^?[a-z]+:\]|\[(?!:))*\]")


def regex_problem(pattern: str) -> str | None:
    """Return what keeps a pattern from being understood by each Prometheus; None if nothing."""
    at, product = 0, 1
    while at < len(pattern):
        rest = pattern[at:]
        if rest[0] == "\\":
            if (found := _ESCAPE.match(rest)) is None:
                return f"Go's regular expressions have no {rest[:3]}"
        elif rest.startswith("(?"):
            if (found := _GROUP.match(rest)) is None:
                return f"Go's regular expressions have no group {rest[:4]}"
        elif rest[0] == "[":
            if (found := _CLASS.match(rest)) is None or _strange(found[0]):
                return "has a class of characters that engines read differently"
        elif (found := _REPEAT.match(rest)) is not None:
            product *= max(1, *(int(each) for each in found.groups() if each))
            if product > _MOST_REPEATED:
                return f"repeats more than {_MOST_REPEATED} times"
        at += found.end() if found else 1
    return None


def _strange(group: str) -> bool:
    # Rust knows set operations and nested classes, Go takes them for characters.
    inner = re.sub(r"\[:\^?[a-z]+:\]|\\.", "", group[1:-1])
    is_escape_known = all(_ESCAPE.match(each) for each in re.findall(r"\\.+", group))
    return "[" in inner or any(each in inner for each in ("&&", "--", "~~")) or not is_escape_known
