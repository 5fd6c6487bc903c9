"""The logins of the door, as people use them: a link for a browser, a name and a token for curl."""

from urllib.parse import parse_qs, urlsplit

from burnrate.stack.errors import StackError
from burnrate.stack.protocol import Stack


def login_links(stack: Stack) -> dict[str, str]:
    """Return the link that logs a browser in, by the name of whom it lets in."""
    rows = (line.partition(" ") for line in stack.secret("door_links").splitlines())
    return {name: link for name, _, link in rows}


def login_of(stack: Stack, name: str | None) -> str:
    """Return `name:token`.

    Args:
        stack: A running one.
        name: Whose; None for the first.

    Raises:
        StackError: there is nobody of that name.
    """
    found = login_links(stack)
    chosen = name or next(iter(found))
    if chosen not in found:
        raise StackError(f"{chosen!r} is none of those who may come in: {', '.join(found)}")
    (token,) = parse_qs(urlsplit(found[chosen]).query)["token"]
    return f"{chosen}:{token}"
