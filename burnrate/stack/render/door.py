"""What of the door's configuration the settings say: its names, and whether it asks for a login."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from burnrate.configuration import Urls
from burnrate.stack.errors import StackError

_HOSTS: Final = Path("nginx/door/hosts.conf")
_LOGIN: Final = Path("nginx/door/login.conf")
# The checks of name and origin stay.
_NO_LOGIN: Final = "set $door_user somebody;\n"
# Of this machine: by them it is opened here, and asked by the container's own check.
_ALWAYS: Final = ("localhost", "127.0.0.1")
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def door_files(urls: Urls, settings: Mapping[str, str]) -> dict[Path, str]:
    """Return the door's rendered files by their paths in the checkout.

    Args:
        urls: The addresses that people use.
        settings: The user's, with DOOR_HOSTS and DOOR_LOGIN.

    Raises:
        StackError: DOOR_HOSTS has something else than names, DOOR_LOGIN is neither on nor off.
    """
    hosts = {_HOSTS: f"server_name {' '.join(_hosts(urls, settings))};\n"}
    return hosts if has_login(settings) else {**hosts, _LOGIN: _NO_LOGIN}


def has_login(settings: Mapping[str, str]) -> bool:
    """Return whether the door asks who somebody is; raises StackError as `door_files` does."""
    value = settings.get("DOOR_LOGIN", "on")
    if value not in {"on", "off"}:
        raise StackError(f"DOOR_LOGIN is {value!r}: on or off")
    return value == "on"


def _hosts(urls: Urls, settings: Mapping[str, str]) -> list[str]:
    """Return the names, each once; nginx leaves the port out when it compares."""
    pages = (urls.inbox, urls.grafana, urls.prometheus, urls.alertmanager)
    known = (urlsplit(url).hostname or "" for url in pages)
    # An address of IPv6 is a name to nginx in its brackets.
    bracketed = (f"[{name}]" if ":" in name else name for name in known)
    return list(dict.fromkeys((*_ALWAYS, *bracketed, *_given(settings.get("DOOR_HOSTS", "")))))


def _given(text: str) -> Iterator[str]:
    for name in filter(None, (each.strip() for each in text.split(","))):
        if not _NAME.fullmatch(name.lower()):
            raise StackError(f"DOOR_HOSTS: {name!r} is no name; several have commas between them")
        yield name.lower()
