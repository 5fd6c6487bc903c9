"""The names under which the inbox is reached."""

import ipaddress
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit


class Hosts:
    """Decides whether a request came under one of our names.

    A name that its owner points at 127.0.0.1 makes their page one of the same origin. Loopback,
    addresses and names without a dot are no names of the public DNS.
    """

    def __init__(self, allowed: str) -> None:
        """Take the names, comma-separated, that lead here besides; of an address, its host."""
        self._allowed = frozenset(_names(allowed.split(",")))

    def has(self, host: str) -> bool:
        """Whether a `Host` header names us."""
        name = _name(f"//{host}")
        if not name or name in self._allowed:
            return bool(name)
        return "." not in name or name.endswith(".localhost") or _is_address(name)


def _names(words: Iterable[str]) -> Iterator[str]:
    for word in filter(None, (each.strip() for each in words)):
        yield _name(word if "://" in word else f"//{word}")


def _name(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
