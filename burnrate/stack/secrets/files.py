"""The files of the secrets: made once, never overwritten; those that are made of others follow."""

import json
import os
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from burnrate.stack.addresses import LOOPBACK, AddressMap
from burnrate.stack.errors import StackError
from burnrate.stack.layout import make_directory
from burnrate.stack.secrets import people

# What the stack makes by itself: passwords that its parts use among each other.
GENERATED = frozenset(
    {
        "door_people",
        "grafana_admin_password",
        "grafana_user_header",
        "inbox_token",
        "machine_password",
        "postgres_exporter_password",
        "postgres_password",
        "redis_password",
    }
)
_PEOPLE, _MACHINE, _HEADER = "door_people", "machine_password", "grafana_user_header"
_TOKEN_BYTES = 32
_PRIVATE_FILE = 0o600
_PRIVATE_DIRECTORY = 0o700


@dataclass(frozen=True)
class _Derived:
    """A file that is made of other secrets, because a program wants them in a form of its own."""

    sources: tuple[str, ...]
    build: Callable[[Mapping[str, str], AddressMap, str], str]


def make_secrets(
    directory: Path, names: Iterable[str], addresses: AddressMap, door: str = ""
) -> None:
    """Make sure `directory` holds each secret of `names`; existing ones keep their value.

    Some files are written from others: they follow when a port moves or a person is added.

    Args:
        directory: Where they are.
        names: The secrets that are needed.
        addresses: Of Redis, for the exporter's file of passwords.
        door: The door's address as people know it.

    Raises:
        StackError: one is not the stack's own, such as a receiver's password, and has no file.
    """
    make_directory(directory, _PRIVATE_DIRECTORY)
    wanted = set(names)
    derived = {name: each for name, each in _DERIVED.items() if name in wanted}
    sources = {source for each in derived.values() for source in each.sources}
    for name in sorted(wanted - derived.keys() | sources):
        if name not in GENERATED and not (directory / name).is_file():
            raise StackError(f"no secret {name}: write it to .burnrate/secrets/{name}")
        _generate(directory / name)
        if name not in GENERATED:
            _take_line_end_off(directory / name)
    values = {name: read_secret(directory, name) for name in sources}
    for name, each in derived.items():
        _replace(directory / name, each.build(values, addresses, door))


def change_people(directory: Path, verb: Literal["add", "remove"], name: str) -> None:
    """Let somebody more come in at the door, or nobody of that name any more.

    Raises:
        StackError: the list says already what is asked for, or cannot.
    """
    change = people.with_person if verb == "add" else people.without_person
    path = directory / _PEOPLE
    _generate(path)
    _replace(path, change(path.read_text(encoding="utf-8"), name))


def read_secret(directory: Path, name: str) -> str:
    """Return the secret's value."""
    return (directory / name).read_text(encoding="utf-8").strip()


def machine_login(directory: Path) -> str:
    """Return `name:password` of the parts among each other, and of the commands."""
    return f"{people.MACHINE}:{read_secret(directory, _MACHINE)}"


def _redis_acl(values: Mapping[str, str], _addresses: AddressMap, _door: str) -> str:
    return f"user default on >{values['redis_password']} ~* &* +@all\n"


def _redis_exporter_passwords(values: Mapping[str, str], addresses: AddressMap, _door: str) -> str:
    password = values["redis_password"]
    # The exporter looks its password up by the address it was given.
    hosts = ("redis:6379", f"{LOOPBACK}:{addresses.port('redis')}")
    return json.dumps({f"redis://{host}": password for host in hosts}) + "\n"


_DERIVED: Mapping[str, _Derived] = {
    "redis_acl": _Derived(("redis_password",), _redis_acl),
    "redis_exporter_passwords": _Derived(("redis_password",), _redis_exporter_passwords),
    "door_cookies": _Derived((_PEOPLE,), lambda v, _, __: people.cookies(v[_PEOPLE])),
    "door_passwords": _Derived(
        (_PEOPLE, _MACHINE), lambda v, _, __: people.passwords(v[_PEOPLE], v[_MACHINE])
    ),
    "door_links": _Derived((_PEOPLE,), lambda v, _, door: people.links(v[_PEOPLE], door)),
    "door_machine": _Derived((_MACHINE,), lambda v, _, __: people.authorization(v[_MACHINE])),
    "web_config": _Derived((_MACHINE,), lambda v, _, __: people.web_config(v[_MACHINE])),
    "door_grafana": _Derived((_HEADER,), lambda v, _, __: people.grafana_header(v[_HEADER])),
}


def _generate(path: Path) -> None:
    if path.exists():
        if stat.S_IMODE(path.stat().st_mode) != _PRIVATE_FILE:
            path.chmod(_PRIVATE_FILE)
        return
    is_list = path.name == _PEOPLE
    value = people.new_people() if is_list else secrets.token_urlsafe(_TOKEN_BYTES)
    temporary = _written_beside(path, value)
    try:
        # A link never replaces: of two first starts at once, one value wins and both see it.
        path.hardlink_to(temporary)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def _take_line_end_off(path: Path) -> None:
    """Undo what an editor or a pasted line adds: Alertmanager sends it as part of a password."""
    content = path.read_text(encoding="utf-8")
    _replace(path, content.rstrip("\r\n"))


def _replace(path: Path, content: str) -> None:
    if path.exists() and path.read_text(encoding="utf-8") == content:
        path.chmod(_PRIVATE_FILE)
        return
    owner = path.stat() if path.exists() else None
    temporary = _written_beside(path, content)
    if owner is not None and os.geteuid() == 0:
        os.chown(temporary, owner.st_uid, owner.st_gid)
    temporary.replace(path)


def _written_beside(path: Path, content: str) -> Path:
    # mkstemp makes its file with mode 0600.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    return Path(name)
