"""What must not stand in a log line: values whose names say that they are secret."""

import re
from functools import lru_cache
from typing import Final

REDACTED: Final = "[redacted]"
# Words of a name: `accessToken`, `access_token` and `ACCESS-TOKEN` have the same two.
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# A word is secret by its end (`pgpassword`, `clientsecret`), so `secretary` and `tokens` are not.
_SECRET_WORD: Final = re.compile(
    r"(authorization|cookies?|passw(or)?ds?|passphrase|passcode|secrets?|token|apikey|credentials?)$"
)
# What stands before `key` where it opens something.
_SECRET_KEYS: Final = frozenset(
    ("access", "api", "encryption", "master", "private", "secret", "session", "signing")
)
# What is counted or described of a token: `token_count`, `token_type`.
_MEASURES: Final = frozenset(
    ("bucket", "budget", "count", "counts", "length", "limit", "rate", "size", "total", "type",
     "usage", "used")
)  # fmt: skip
# Bounded, so that no text makes it look for long: what a client sends is logged, too.
_URL_PASSWORD: Final = re.compile(r"(://[^/\s:@]{0,128}:)[^@\s]{1,512}@")
# So much of a text behind a cut decides whether what stands before it is a password.
LONGEST_URL_PASSWORD: Final = 700


@lru_cache(maxsize=2048)
def is_secret(name: str) -> bool:
    """Say whether a field of this name holds a secret, by whole words of it.

    Args:
        name: Of at most some hundred characters.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        if word == "token" and after in _MEASURES:
            continue
        if _SECRET_WORD.search(word) or (word in ("key", "keys") and before in _SECRET_KEYS):
            return True
    return False


def without_passwords(text: str) -> str:
    """Return a text whose URLs hold no passwords: those of databases stand in drivers' messages."""
    return _URL_PASSWORD.sub(rf"\1{REDACTED}@", text) if "://" in text else text
