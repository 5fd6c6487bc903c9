"""Secrets: generated once into private files, never overwritten, never printed."""

import json
import os
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from burnrate.stack.addresses import LOOPBACK, AddressMap
from burnrate.stack.errors import StackError
from burnrate.stack.layout import make_directory

# What the stack makes by itself: passwords that its parts use among each other.
GENERATED = frozenset(
    {
        "grafana_admin_password",
        "inbox_token",
        "postgres_exporter_password",
        "postgres_password",
        "redis_password",
    }
)
_TOKEN_BYTES = 32
_PRIVATE_FILE = 0o600
_PRIVATE_DIRECTORY = 0o700


def make_secrets(directory: Path, names: Iterable[str], addresses: AddressMap) -> None:
    """Make sure `directory` holds each secret of `names`; existing ones keep their value.

    Two files are written from another secret, because the programs want it in a form of their own:
    they follow when a port moves.

    Raises:
        StackError: one is not the stack's own, such as a receiver's password, and has no file.
    """
    make_directory(directory, _PRIVATE_DIRECTORY)
    wanted = set(names)
    derived = {name: build for name, build in _DERIVED.items() if name in wanted}
    for name in sorted(wanted - derived.keys() | ({"redis_password"} if derived else set())):
        if name not in GENERATED and not (directory / name).is_file():
            raise StackError(f"no secret {name}: write it to .burnrate/secrets/{name}")
        _generate(directory / name)
        if name not in GENERATED:
            _take_line_end_off(directory / name)
    for name, build in derived.items():
        _replace(directory / name, build(read_secret(directory, "redis_password"), addresses))


def read_secret(directory: Path, name: str) -> str:
    """Return the secret's value."""
    return (directory / name).read_text(encoding="utf-8").strip()


def _redis_acl(password: str, _addresses: AddressMap) -> str:
    return f"user default on >{password} ~* &* +@all\n"


def _redis_exporter_passwords(password: str, addresses: AddressMap) -> str:
    # The exporter looks its password up by the address it was given.
    hosts = ("redis:6379", f"{LOOPBACK}:{addresses.port('redis')}")
    return json.dumps({f"redis://{host}": password for host in hosts}) + "\n"


_DERIVED: Mapping[str, Callable[[str, AddressMap], str]] = {
    "redis_acl": _redis_acl,
    "redis_exporter_passwords": _redis_exporter_passwords,
}


def _generate(path: Path) -> None:
    if path.exists():
        if stat.S_IMODE(path.stat().st_mode) != _PRIVATE_FILE:
            path.chmod(_PRIVATE_FILE)
        return
    temporary = _written_beside(path, secrets.token_urlsafe(_TOKEN_BYTES))
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
