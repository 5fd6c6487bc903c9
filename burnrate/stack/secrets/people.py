"""Who may come in at the door: names, each with a token, and what the door reads of them."""

import base64
import hashlib
import re
import secrets
import string
from collections.abc import Iterator, Mapping
from typing import Final

import bcrypt

from burnrate.stack.errors import StackError

FIRST: Final = "operator"
# The commands' own login, and that of the parts among each other.
MACHINE: Final = "burnrate"
LOGIN_PATH: Final = "/-/door/login"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_TOKEN_BYTES: Final = 32
_LETTERS: Final = string.ascii_uppercase + string.ascii_lowercase + string.digits
# bcrypt's own order of the same characters.
_BCRYPT_ALPHABET: Final = str.maketrans(f"{_LETTERS}+/", f"./{_LETTERS}")


def new_people() -> str:
    """Return the list that a first start makes: one name with a new token."""
    return _listed({FIRST: secrets.token_urlsafe(_TOKEN_BYTES)})


def with_person(text: str, name: str) -> str:
    """Return a list with a further name and a new token for it.

    Raises:
        StackError: it is there already, or is no name.
    """
    people = read_people(text)
    if not _NAME.fullmatch(name) or name == MACHINE:
        raise StackError(f"{name!r} cannot be a name: letters, digits and ._@-, not {MACHINE!r}")
    if name in people:
        raise StackError(f"{name} may come in already: burnrate door link {name}")
    return _listed({**people, name: secrets.token_urlsafe(_TOKEN_BYTES)})


def without_person(text: str, name: str) -> str:
    """Return a list without a name.

    Raises:
        StackError: it is not there, or is the last one.
    """
    people = read_people(text)
    if name not in people:
        raise StackError(f"{name!r} is none of those who may come in: {', '.join(people)}")
    if len(people) == 1:
        raise StackError(f"{name} is the last one: add another name first")
    return _listed({other: token for other, token in people.items() if other != name})


def read_people(text: str) -> dict[str, str]:
    """Return a list's names, each with its token."""
    rows = (line.split() for line in text.splitlines())
    return {row[0]: row[1] for row in rows if len(row) == 2}  # noqa: PLR2004 - a name, a token


def cookies(text: str) -> str:
    """Return the entries of nginx' maps from token to name.

    As patterns, which tell capitals apart: a map's plain texts do not. A token has none of a
    pattern's own characters.
    """
    return "".join(f'"~^{token}$" "{name}";\n' for name, token in read_people(text).items())


def passwords(text: str, machine_password: str) -> str:
    """Return the file of basic authentication.

    A token has 256 random bits, so one round of a plain hash keeps it as well as many would.
    """
    logins = {**read_people(text), MACHINE: machine_password}
    return "".join(f"{name}:{{SHA}}{_sha(secret)}\n" for name, secret in logins.items())


def links(text: str, address: str) -> str:
    """Return a line for each name: the name, and the link that logs a browser in."""
    found = read_people(text).items()
    return "".join(f"{name} {address}{LOGIN_PATH}?token={token}\n" for name, token in found)


def grafana_header(name: str) -> str:
    """Return what tells Grafana who somebody is, by the header's secret name."""
    return f"proxy_set_header {name} $door_user;\n"


def web_config(machine_password: str) -> str:
    """Return the file by which Prometheus and Alertmanager ask for the machine's login."""
    return f'basic_auth_users: {{{MACHINE}: "{_bcrypt(machine_password)}"}}\n'


def authorization(machine_password: str) -> str:
    """Return the entry of nginx' map from an address to the machine's login there."""
    login = base64.b64encode(f"{MACHINE}:{machine_password}".encode()).decode()
    return f'default "Basic {login}";\n'


def _bcrypt(secret: str) -> str:
    """Return the one form that both read, the same for the same secret.

    So a start finds the file as it was. What is hashed is random: neither the salt nor the fewest
    rounds that there can be, which each request costs, make it weaker.
    """
    digits = hashlib.sha256(f"salt of {secret}".encode()).digest()[:16]
    salt = base64.b64encode(digits).decode().translate(_BCRYPT_ALPHABET).rstrip("=")
    return bcrypt.hashpw(secret.encode(), f"$2b$04${salt}".encode()).decode()


def _sha(secret: str) -> str:
    # The one unsalted form that nginx knows itself: https://nginx.org/r/auth_basic_user_file
    return base64.b64encode(hashlib.sha1(secret.encode()).digest()).decode()  # noqa: S324 - above


def _listed(people: Mapping[str, str]) -> str:
    return "".join(_lines(people))


def _lines(people: Mapping[str, str]) -> Iterator[str]:
    for name, token in people.items():
        yield f"{name} {token}\n"
