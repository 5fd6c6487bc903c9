"""Whether a client takes gzip.

Starlette and prometheus_client look for the word alone.
"""

from typing import Final

_NAMES: Final = frozenset(("gzip", "x-gzip"))
_ANY: Final = "*"


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether an `Accept-Encoding` header allows gzip: `q=0` says that it does not.

    `*` stands for what is not named. https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
    """
    weights = dict(map(_weighted, accept_encoding.split(",")))
    named = [weights[name] for name in _NAMES if name in weights]
    return max(named or [weights.get(_ANY, 0)]) > 0


def _weighted(coding: str) -> tuple[str, float]:
    name, *parameters = (part.strip().lower() for part in coding.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            return name, _weight(value)
    return name, 1


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        # Not compressed is what everybody reads.
        return 0
