"""Which token files are good enough to start with."""

from pathlib import Path

import pytest

from alerting.inbox.errors import TokenFileError
from alerting.inbox.web.delivery.tokens import Tokens


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"short",
        b"two-tokens-in-one\nfile-of-two-lines",
        b"not visible \x07 ASCII",
        b"\xff" * 20,
    ],
)
def test_a_useless_token_file_stops_the_start(tmp_path: Path, content: bytes) -> None:
    """The error names the file and does not show what is in it."""
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(TokenFileError, match=str(path)) as caught:
        Tokens(path)
    assert content.strip().decode("latin-1") not in str(caught.value) or not content.strip()


def test_a_missing_token_file_stops_the_start(tmp_path: Path) -> None:
    """So does a folder in its place."""
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(TokenFileError, match=str(path)):
            Tokens(path)


def test_blanks_around_a_token_do_not_count(tmp_path: Path) -> None:
    """Alertmanager cuts them from its credentials_file too."""
    path = tmp_path / "token"
    path.write_text("  0123456789abcdef\r\n")
    assert Tokens(path).is_valid("Bearer 0123456789abcdef")
