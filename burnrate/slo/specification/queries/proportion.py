"""Whether a query is proportional to its rates, so that `increase` by the second is the same."""

from typing import Any, Final

import promql_parser

# By which power of the rates in it a value grows: 1 for a sum of them, 0 for a number of series or
# a ratio, none where a threshold is beside them. A zero fits any.
_Degree = int | None
_ANY: Final = -1000

_COUNTING: Final = frozenset({"rate", "increase"})
_SAME: Final = frozenset(
    [
        "abs",
        "avg",
        "bottomk",
        "histogram_count",
        "histogram_sum",
        "label_join",
        "label_replace",
        "max",
        "min",
        "quantile",
        "scalar",
        "sort",
        "sort_desc",
        "stddev",
        "sum",
        "topk",
        "vector",
    ]
)
_NUMBERS: Final = frozenset(
    ["absent", "count", "count_values", "group", "histogram_fraction", "histogram_quantile", "sgn"]
)
_CLAMPS: Final = frozenset({"clamp", "clamp_max", "clamp_min"})
_COMPARING: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})


def is_proportional(node: Any) -> bool:  # noqa: ANN401 - promql-parser's, as in burnrate.promql
    """Whether the value of a query is proportional to the rates in it."""
    return _degree(node) in {1, _ANY}


def _degree(node: Any) -> _Degree:  # noqa: ANN401, PLR0911 - as above; a table
    match node:
        case promql_parser.ParenExpr() | promql_parser.UnaryExpr():
            return _degree(node.expr)
        case promql_parser.NumberLiteral():
            return _ANY if node.val == 0 else 0
        case promql_parser.VectorSelector():
            return 0
        case promql_parser.AggregateExpr():
            return _of_function(str(node.op), [node.expr])
        case promql_parser.Call():
            if any(_is_range(each) for each in node.args):
                return int(node.func.name in _COUNTING)
            return _of_function(node.func.name, list(node.args))
        case promql_parser.BinaryExpr():
            return _joined(node)
        case _:
            return None


def _is_range(node: Any) -> bool:  # noqa: ANN401 - as above
    while isinstance(node, promql_parser.ParenExpr):
        node = node.expr
    return hasattr(node, "range")


def _of_function(name: str, arguments: list[Any]) -> _Degree:
    degrees = [_degree(each) for each in arguments if not _is_text(each)]
    if name in _CLAMPS:
        return _alike(degrees)
    if name in _NUMBERS:
        return None if None in degrees else 0
    if name in _SAME and degrees:
        return degrees[0]
    return 0 if set(degrees) <= {0, _ANY} else None


def _is_text(node: Any) -> bool:  # noqa: ANN401 - as above
    return isinstance(node, promql_parser.StringLiteral)


def _joined(node: promql_parser.BinaryExpr) -> _Degree:  # noqa: PLR0911 - a table
    left, right = _degree(node.lhs), _degree(node.rhs)
    operator = str(node.op)
    if left is None or right is None:
        return None
    alike = _alike([left, right])
    match operator:
        case "*" | "/":
            if _ANY in {left, right}:
                return _ANY
            return left + right if operator == "*" else left - right
        case "+" | "-" | "%" | "or":
            return alike
        case "and" | "unless":
            return left
        case _ if operator in _COMPARING:
            is_bool = node.modifier is not None and node.modifier.return_bool
            return alike if alike is None or not is_bool else 0
        case _:
            return 0 if alike in {0, _ANY} else None


def _alike(degrees: list[_Degree]) -> _Degree:
    """Return what values of one kind are together; None if they are of several."""
    kinds = {each for each in degrees if each != _ANY}
    if not kinds:
        return _ANY
    return kinds.pop() if len(kinds) == 1 else None
