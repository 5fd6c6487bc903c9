"""What one client may ask of the service at its front door, as the settings say."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Final

from burnrate.stack.errors import StackError

# What stands before the figure in nginx.conf, whose own figures are the defaults.
_FIGURES: Final[Mapping[str, str]] = {
    "CLIENT_REQUESTS_PER_SECOND": r"(?:zone=client_rate:\w+ rate=|zone=client_rate burst=)",
    "CLIENT_REQUESTS_AT_ONCE": r"limit_conn client_requests ",
    "CLIENT_FEEDS": r"limit_conn client_feeds ",
}
_EXEMPT: Final = "CLIENT_LIMITS_EXEMPT"
_NETWORKS: Final = re.compile(r"(geo \$is_unlimited \{\n\s*default 0;\n)")


def with_client_limits(text: str, settings: Mapping[str, str]) -> str:
    """Return nginx' configuration with the limits of `settings`.

    Raises:
        StackError: a setting has no sensible value, or the configuration has no place for it.
    """
    for name, place in _FIGURES.items():
        if given := settings.get(name):
            text = _replaced(rf"({place})\d+", rf"\g<1>{_figure(name, given)}", text, name)
    if lines := _networks(settings.get(_EXEMPT, "")):
        text = _replaced(_NETWORKS.pattern, rf"\g<1>{lines}", text, _EXEMPT)
    return text


def _replaced(pattern: str, replacement: str, text: str, name: str) -> str:
    text, count = re.subn(pattern, replacement, text)
    if not count:
        raise StackError(f"{name} is set, and nginx/nginx.conf has no such limit")
    return text


def _figure(name: str, text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,6}", text):
        raise StackError(f"{name} is {text!r}: it must be 1 to 9999999")
    return int(text)


def _networks(text: str) -> str:
    """Return a line of nginx for each network; without limits."""
    names = dict.fromkeys(filter(None, (each.strip() for each in text.split(","))))
    return "".join(f"        {_network(name)} 1;\n" for name in names)


def _network(name: str) -> str:
    try:
        return str(ipaddress.ip_network(name, strict=False))
    except ValueError as error:
        raise StackError(
            f"{_EXEMPT}: {name!r} is no address or network; several have commas between them"
        ) from error
