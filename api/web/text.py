"""Text that every store and every encoder accepts."""

import re
from typing import Final

from pydantic import AfterValidator

# JSON and percent-encoding can carry both; PostgreSQL's text takes no NUL, and half of a
# surrogate pair cannot be encoded as UTF-8.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def _check(text: str) -> str:
    if _UNSTORABLE.search(text):
        raise ValueError("Must hold neither NUL nor half of a surrogate pair")
    return text


# Belongs behind the other constraints: pydantic applies them in this order.
STORABLE: Final = AfterValidator(_check)
