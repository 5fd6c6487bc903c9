"""What each Prometheus from 2.42 on understands; promql-parser knows more.

Source: the functions and keywords of release 2.42 that the newest release still has.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

import promql_parser

from burnrate.promql import walk
from burnrate.slo.specification.queries.regexes import regex_problem
from burnrate.slo.specification.queries.tokens import QueryProblem, Token


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FUNCTIONS: Final = _words(
    """
    abs absent absent_over_time acos acosh asin asinh atan atanh avg_over_time ceil changes clamp
    clamp_max clamp_min cos cosh count_over_time day_of_month day_of_week day_of_year days_in_month
    deg delta deriv exp floor histogram_count histogram_fraction histogram_quantile histogram_sum
    hour idelta increase irate label_join label_replace last_over_time ln log10 log2 max_over_time
    min_over_time minute month pi predict_linear present_over_time quantile_over_time rad rate
    resets round scalar sgn sin sinh sort sort_desc sqrt stddev_over_time stdvar_over_time
    sum_over_time tan tanh time timestamp vector year
    """
)
_AGGREGATIONS: Final = _words(
    """
    sum min max avg group stddev stdvar count count_values bottomk topk quantile
    """
)
# Words of later releases, where a metric's name could not stand.
_LATER: Final = frozenset({"anchored", "smoothed", "fill", "fill_left", "fill_right"})
_LABEL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Bytes and halves of characters would make no valid label.
_BYTES: Final = re.compile(r"(?<!\\)(?:\\\\)*\\(?:x|[0-7]|u[dD][89A-Fa-f]|U0000[dD][89A-Fa-f])")
_LISTS: Final = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_MATCHES: Final = frozenset({"=", "!=", "=~", "!~"})
_OPENING: Final = frozenset("([{,+-*/%^=<>") | {"==", "!=", "<=", ">=", "and", "or", "unless"}
_CLOSING: Final = frozenset({")", "]", "}"})
# Of a number in a duration: beyond a century in hours, which no release of Prometheus refuses.
_MOST_DIGITS: Final = 7
# Parsers go down a bracket by a call.
_DEEPEST: Final = 50
_EDGE: Final = Token("edge", "", 0, is_apart=False)


def check_tokens(found: Sequence[Token]) -> None:
    """Refuse what is not written as each Prometheus reads it.

    Raises:
        QueryProblem: it is not.
    """
    # For each bracket that is open: the bracket, or for a list of labels its keyword.
    inside: list[str] = [""]
    for earlier, before, token in zip([_EDGE, _EDGE, *found], [_EDGE, *found], found, strict=False):
        if token.text in _CLOSING and token.kind == "sign":
            inside = inside[:-1] or [""]
        is_shift = before.text == "-" and earlier.text.lower() == "offset"
        _check_token(earlier if is_shift else before, token, inside[-1])
        if token.kind == "sign" and token.text in {"(", "[", "{"}:
            word = before.text.lower()
            inside.append(word if word in _LISTS else token.text)
            if len(inside) > _DEEPEST:
                raise QueryProblem("has too many brackets inside brackets", token.line)


def check_tree(node: Any) -> None:  # noqa: ANN401 - promql-parser's, as in burnrate.promql
    """Refuse functions, patterns and names of labels that not each Prometheus has.

    Raises:
        QueryProblem: there are such.
    """
    for each in walk(node):
        match each:
            case promql_parser.Call():
                if each.func.name not in _FUNCTIONS:
                    raise QueryProblem(f"uses {each.func.name}(), which Prometheus 2.42 lacks")
                _check_call(each)
            case promql_parser.AggregateExpr():
                if str(each.op) not in _AGGREGATIONS:
                    raise QueryProblem(f"uses {each.op}(), which Prometheus 2.42 lacks")
                if str(each.op) == "count_values":
                    _check_label(getattr(each.param, "val", None))
            case promql_parser.VectorSelector():
                if each.matchers.or_matchers:
                    raise QueryProblem("has an `or` in braces, which Prometheus lacks")
                for matcher in each.matchers.matchers:
                    _check_pattern(matcher)


def _check_token(before: Token, token: Token, inside: str) -> None:
    reason = None
    if token.kind == "text":
        reason = _text_problem(before, token, inside)
    elif token.kind in {"number", "name"} and (inside == "[" or _is_offset(before, token)):
        reason = f"has a range or an offset without a unit, {token.text}"
    elif token.kind == "duration":
        reason = _duration_problem(before, token, inside)
    elif token.text == "+" and (before is _EDGE or before.text in _OPENING):
        reason = "has a sign + where nothing is added"
    elif token.text == "@":
        reason = "has an @: it would always look at the same moment"
    elif token.text == "__name__":
        reason = "selects by __name__: write the metric's name before the brace"
    elif token.text.lower() in _LATER and (before.text in {"]", ")"} or inside == ""):
        reason = f"uses {token.text}, which Prometheus 2.42 lacks"
    if reason:
        raise QueryProblem(reason, token.line)


def _is_offset(before: Token, token: Token) -> bool:
    # A metric may have this name too, but nothing like a number comes after that.
    is_number = token.kind == "number" or token.text.lower() in {"inf", "nan"}
    return before.text.lower() == "offset" and is_number


def _text_problem(before: Token, token: Token, inside: str) -> str | None:
    if inside in _LISTS or (inside == "{" and before.text not in _MATCHES):
        return f"has a quoted name, {token.text}, which is new in Prometheus 3"
    if token.text[0] != "`" and _BYTES.search(token.text):
        return f"has a text with bytes, {token.text}: write the characters"
    if "{{" in token.text:
        return f"has a template in a text, {token.text}"
    return None


def _duration_problem(before: Token, token: Token, inside: str) -> str | None:
    if inside != "[" and before.text.lower() != "offset":
        return f"has a duration where a number belongs, {token.text}"
    if any(len(digits) > _MOST_DIGITS for digits in re.findall(r"\d+", token.text)):
        return f"has a duration that is too long, {token.text}"
    return None


def _check_call(call: promql_parser.Call) -> None:
    texts = [
        each.val if isinstance(each, promql_parser.StringLiteral) else None for each in call.args
    ]
    if call.func.name == "label_replace":
        _check_label(texts[1])
        _check_label(texts[3])
        problem = "needs a pattern" if texts[4] is None else regex_problem(texts[4])
        if problem:
            raise QueryProblem(f"label_replace: {problem}")
    elif call.func.name == "label_join":
        for each in (texts[1], *texts[3:]):
            _check_label(each)


def _check_label(name: str | None) -> None:
    if name is None or not _LABEL.fullmatch(name):
        raise QueryProblem(f"has a name of a label that Prometheus 2.42 refuses, {name!r}")


def _check_pattern(matcher: Any) -> None:  # noqa: ANN401 - promql-parser's
    _check_label(matcher.name)
    if str(matcher.op) in {str(promql_parser.MatchOp.Re), str(promql_parser.MatchOp.NotRe)} and (
        problem := regex_problem(matcher.value)
    ):
        raise QueryProblem(f"{matcher.name}: {problem}")
