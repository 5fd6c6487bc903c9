"""Generated secrets."""

import json
import stat
from pathlib import Path

import pytest

from burnrate.stack.addresses import AddressMap
from burnrate.stack.secrets import make_secrets, read_secret

NAMES = ("postgres_password", "redis_password", "redis_acl", "redis_exporter_passwords")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A state directory's secrets, made once."""
    directory = tmp_path / "state/secrets"
    make_secrets(directory, NAMES, AddressMap())
    return directory


def _contents(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in directory.iterdir()}


def test_only_the_owner_can_read_them(directory: Path) -> None:
    """Directory 0700, files 0600, whatever the umask."""
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}
    assert {path.name for path in directory.iterdir()} == set(NAMES)


def test_they_are_long_and_all_different(directory: Path) -> None:
    """256 bits each, in characters that need no quoting anywhere."""
    passwords = [read_secret(directory, name) for name in ("postgres_password", "redis_password")]
    assert len(set(passwords)) == 2
    for password in passwords:
        assert len(password) >= 43
        assert password.replace("-", "").replace("_", "").isalnum()


def test_existing_ones_are_never_overwritten(directory: Path) -> None:
    """A second start finds the first one's passwords."""
    before = _contents(directory)
    make_secrets(directory, NAMES, AddressMap())
    assert _contents(directory) == before


def test_of_two_first_starts_at_once_one_makes_the_secret_and_both_use_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slower one finds no secret, makes one, and then finds the other's in its place."""
    values = iter(["slower", "faster"])

    def token(_bytes: int) -> str:
        value = next(values)
        if value == "slower":
            make_secrets(tmp_path, ["postgres_password"], AddressMap())
        return value

    monkeypatch.setattr("secrets.token_urlsafe", token)
    make_secrets(tmp_path, ["postgres_password"], AddressMap())
    assert _contents(tmp_path) == {"postgres_password": "faster"}


def test_a_mode_that_somebody_widened_is_narrowed(directory: Path) -> None:
    """A copied checkout may have lost the modes."""
    (directory / "redis_password").chmod(0o644)
    (directory / "redis_acl").chmod(0o644)
    directory.chmod(0o755)
    make_secrets(directory, NAMES, AddressMap())
    test_only_the_owner_can_read_them(directory)


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_a_secret_that_somebody_pasted_has_no_line_end(tmp_path: Path, end: str) -> None:
    """What is inside stays; the file is its owner's alone."""
    (tmp_path / "notify_smtp_password").write_bytes(f" two words{end}".encode())
    make_secrets(tmp_path, ["notify_smtp_password"], AddressMap())
    path = tmp_path / "notify_smtp_password"
    assert path.read_bytes() == b" two words"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_redis_files_hold_the_redis_password_in_their_own_form(directory: Path) -> None:
    """The server takes an ACL line, the exporter a map by address."""
    password = read_secret(directory, "redis_password")
    acl = (directory / "redis_acl").read_text(encoding="utf-8")
    assert acl == f"user default on >{password} ~* &* +@all\n"
    passwords = json.loads((directory / "redis_exporter_passwords").read_text(encoding="utf-8"))
    assert passwords == {"redis://redis:6379": password, "redis://127.0.0.1:15379": password}


def test_a_moved_port_reaches_the_exporters_file(directory: Path) -> None:
    """The exporter finds its password under the address it is given."""
    make_secrets(directory, NAMES, AddressMap.from_environment({"REDIS_PORT": "7000"}))
    passwords = json.loads((directory / "redis_exporter_passwords").read_text(encoding="utf-8"))
    assert "redis://127.0.0.1:7000" in passwords
    test_only_the_owner_can_read_them(directory)


def test_an_older_stacks_password_is_the_login_of_its_parts_from_now_on(tmp_path: Path) -> None:
    """What is made of it follows it, also when it is replaced; it is in no other file as it is."""
    made = ("web_config", "door_machine", "door_passwords")
    make_secrets(tmp_path, ["machine_password"], AddressMap())
    before = read_secret(tmp_path, "machine_password")
    make_secrets(tmp_path, made, AddressMap())
    first = _contents(tmp_path)
    assert first["machine_password"] == before
    assert [name for name, text in first.items() if before in text] == ["machine_password"]
    (tmp_path / "machine_password").unlink()
    make_secrets(tmp_path, made, AddressMap())
    assert all(_contents(tmp_path)[name] != first[name] for name in ("machine_password", *made))
