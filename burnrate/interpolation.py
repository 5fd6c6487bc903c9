"""Variables in docker-compose.yml and burnrate.yml, read as Compose reads them.

The grammar is https://docs.docker.com/reference/compose-file/interpolation/: `$NAME`, `${NAME}`,
`${NAME:-default}`, `${NAME-default}`, `${NAME:?message}`, `${NAME?message}`, `${NAME:+other}`,
`${NAME+other}` and `$$`. Defaults may hold variables themselves.
"""

import re
from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-?+]")


class InterpolationError(Exception):
    """A variable that is malformed, or that is required and not set."""


def interpolated(node: object, environment: Mapping[str, str]) -> object:
    """Return a YAML document with the variables of all its texts replaced.

    Raises:
        InterpolationError: a text cannot be read, or lacks a required variable.
    """
    if isinstance(node, str):
        return interpolate(node, environment)
    if isinstance(node, list):
        return [interpolated(item, environment) for item in node]
    if isinstance(node, dict):
        return {key: interpolated(value, environment) for key, value in node.items()}
    return node


def interpolate(text: str, environment: Mapping[str, str]) -> str:
    """Return `text` with its variables replaced.

    Raises:
        InterpolationError: `text` cannot be read, or lacks a required variable.
    """
    parts: list[str] = []
    position = 0
    while (dollar := text.find("$", position)) >= 0:
        parts.append(text[position:dollar])
        value, position = _expand(text, dollar, environment)
        parts.append(value)
    parts.append(text[position:])
    return "".join(parts)


def _expand(text: str, dollar: int, environment: Mapping[str, str]) -> tuple[str, int]:
    following = text[dollar + 1 : dollar + 2]
    if following == "$":
        return "$", dollar + 2
    if following == "{":
        end = _closing_brace(text, dollar + 1)
        return _braced(text[dollar + 2 : end], environment), end + 1
    if name := _NAME.match(text, dollar + 1):
        return environment.get(name.group(), ""), name.end()
    raise InterpolationError(f"a lone $ in {text!r}; a literal one is written $$")


def _closing_brace(text: str, opening: int) -> int:
    depth = 0
    for index in range(opening, len(text)):
        if text[index] == "{" and text[index - 1] == "$":
            depth += 1
        elif text[index] == "}":
            depth -= 1
            if depth == 0:
                return index
    raise InterpolationError(f"no closing brace in {text!r}")


def _braced(expression: str, environment: Mapping[str, str]) -> str:
    name = _NAME.match(expression)
    operator = _OPERATOR.match(expression, name.end()) if name else None
    if name is None or (operator is None and name.end() != len(expression)):
        raise InterpolationError(f"cannot read ${{{expression}}}")
    value = environment.get(name.group())
    if operator is None:
        return value or ""
    word = expression[operator.end() :]
    # With a colon, an empty value counts as not set.
    is_set = bool(value) if operator.group().startswith(":") else value is not None
    match operator.group()[-1]:
        case "+":
            return interpolate(word, environment) if is_set else ""
        case "?" if not is_set:
            reason = interpolate(word, environment) or "it must be set"
            raise InterpolationError(f"{name.group()} is not set: {reason}")
        case "-" if not is_set:
            return interpolate(word, environment)
    return value or ""
