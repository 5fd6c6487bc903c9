"""The login that the stack's parts have among each other."""

from base64 import b64encode
from pathlib import Path

import httpx2
import pytest

from alerting.inbox.errors import TokenFileError
from alerting.inbox.machine_login import MachineLogin

_PASSWORD = "a-password-of-the-tests-0123456789"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The password's file, with the end of line that an editor adds."""
    path = tmp_path / "password"
    path.write_text(f"{_PASSWORD}\n")
    return path


def _basic(login: str) -> str:
    return f"Basic {b64encode(login.encode()).decode()}"


@pytest.mark.parametrize(
    ("authorization", "is_given"),
    [
        (_basic(f"burnrate:{_PASSWORD}"), True),
        (_basic(f"burnrate:{_PASSWORD}").replace("Basic", "basic"), True),
        (_basic(f"operator:{_PASSWORD}"), False),
        (_basic(f"burnrate:{_PASSWORD}x"), False),
        (_basic("burnrate:"), False),
        (_basic(f"burnrate:{_PASSWORD}").replace("Basic", "Bearer"), False),
        (f"Bearer {_PASSWORD}", False),
        ("Basic", False),
        ("Basic not base64", False),
        ("Basic \udcff\xe9", False),
        ("", False),
    ],
)
def test_only_the_very_login_counts(file: Path, authorization: str, *, is_given: bool) -> None:
    """Whatever else a header holds."""
    assert MachineLogin(file).is_given(authorization) == is_given


def test_it_follows_its_file(file: Path) -> None:
    """Without a restart, and what was good last stays while the file is being written."""
    login = MachineLogin(file)
    for text, password in (("", _PASSWORD), ("a-new-one-of-16-or-more", "a-new-one-of-16-or-more")):
        file.write_text(text)
        expected = _basic(f"burnrate:{password}")
        assert login.is_given(expected)
        asked = next(login.auth_flow(httpx2.Request("GET", "http://prometheus:9090")))
        assert asked.headers["Authorization"] == expected


def test_a_start_without_a_password_is_refused(tmp_path: Path) -> None:
    """Nobody could come in, or anybody could."""
    with pytest.raises(TokenFileError, match="no-such-file"):
        MachineLogin(tmp_path / "no-such-file")
