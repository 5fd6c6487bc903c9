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
# With a `?` behind it, as little as possible.
_REPEAT: Final = re.compile(r"(?:[*+?]|\{(\d+)(?:,(\d*))?\})\??")
_CLASS: Final = re.compile(r"\[\^?\]?(?:[^\]\\\[]|\\.|\[:\^?[a-z]+:\]|\[(?!:))*\]")


def regex_problem(pattern: str) -> str | None:
    """Return what keeps a pattern from being understood by each Prometheus; None if nothing."""
    at, depth, product, is_repeated = 0, 0, 1, False
    while at < len(pattern):
        rest = pattern[at:]
        repeat = _REPEAT.match(rest)
        if repeat is not None:
            if is_repeated:
                return "repeats a repetition"
            product *= max([1, *(int(each) for each in repeat.groups() if each)])
            if product > _MOST_REPEATED:
                return f"repeats more than {_MOST_REPEATED} times"
            length = repeat.end()
        else:
            length, problem = _piece(rest)
            depth += _opened(rest[:length])
            # Between the anchors that Prometheus adds, such a pattern is whole by accident.
            problem = "closes a group that is not open" if depth < 0 else problem
            if problem:
                return problem
        is_repeated = repeat is not None
        at += length
    return None


def _piece(rest: str) -> tuple[int, str | None]:
    """Return how long the first piece of a pattern is, and what is wrong with it."""
    if rest[0] == "\\":
        found, problem = _ESCAPE.match(rest), f"Go's regular expressions have no {rest[:3]}"
    elif rest.startswith("(?"):
        found, problem = _GROUP.match(rest), f"Go's regular expressions have no group {rest[:4]}"
    elif rest[0] == "[":
        found = _CLASS.match(rest)
        found = None if found is None or _strange(found[0]) else found
        problem = "has a class of characters that engines read differently"
    else:
        return 1, None
    return (found.end(), None) if found else (0, problem)


def _opened(piece: str) -> int:
    if piece == ")":
        return -1
    return int(piece.startswith("(") and not piece.endswith(")"))


def _strange(group: str) -> bool:
    # Rust knows set operations and nested classes, Go takes them for characters.
    inner = re.sub(r"\[:\^?[a-z]+:\]|\\.", "", group[1:-1])
    is_escape_known = all(_ESCAPE.match(each) for each in re.findall(r"\\.+", group))
    return "[" in inner or any(each in inner for each in ("&&", "--", "~~")) or not is_escape_known
