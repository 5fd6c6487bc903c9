"""A wrong setting stops the start with one line that names it."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from alerting.inbox.main import create_app
from alerting.inbox.settings import load_settings
from tests.alerting.servers import ROOT, TOKEN

_START = "from alerting.inbox.main import create_app; create_app()"


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Variables an inbox could start with."""
    (tmp_path / "token").write_text(TOKEN)
    monkeypatch.setenv("INBOX_DATABASE_PATH", str(tmp_path / "inbox.sqlite3"))
    monkeypatch.setenv("INBOX_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("INBOX_MACHINE_PASSWORD_FILE", str(tmp_path / "token"))
    return monkeypatch


def test_reads_the_environment(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty variable is one that is not set."""
    environment.setenv("INBOX_EXTRA_TOKEN_FILE", "")
    environment.setenv("INBOX_MAX_BODY_BYTES", "1000")
    settings = load_settings()
    assert settings.database_path == tmp_path / "inbox.sqlite3"
    assert settings.extra_token_file is None
    assert settings.max_body_bytes == 1000


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("INBOX_DATABASE_PATH", None),
        ("INBOX_DATABASE_PATH", "/nowhere/inbox.sqlite3"),
        ("INBOX_DATABASE_PATH", "/"),
        ("INBOX_TOKEN_FILE", None),
        ("INBOX_TOKEN_FILE", "/nowhere/token"),
        ("INBOX_MACHINE_PASSWORD_FILE", None),
        ("INBOX_MACHINE_PASSWORD_FILE", "/nowhere/password"),
        ("INBOX_LOGIN", "no"),
        ("INBOX_MAX_BODY_BYTES", "8MiB"),
        ("INBOX_MAX_BODY_BYTES", "0"),
        ("INBOX_BODY_TIMEOUT_SECONDS", "-1"),
        ("INBOX_BODY_TIMEOUT_SECONDS", "nan"),
        ("INBOX_STORE_TIMEOUT_SECONDS", "inf"),
    ],
)
def test_a_wrong_setting_is_named(
    environment: pytest.MonkeyPatch, variable: str, value: str | None
) -> None:
    """In one line, whether the variable is missing or its value is no good."""
    if value is None:
        environment.delenv(variable)
    else:
        environment.setenv(variable, value)
    with pytest.raises(SystemExit, match=f"^inbox: {variable}: [^\n]+$"):
        create_app()


@pytest.mark.usefixtures("environment")
def test_the_process_says_one_line_and_exits(
    environment: pytest.MonkeyPatch,
) -> None:
    """Nothing but that line, and an exit code that is not 0."""
    environment.setenv("INBOX_MAX_BODY_BYTES", "much")
    command = [sys.executable, "-c", _START]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stdout == b""
    assert done.stderr.startswith(b"inbox: INBOX_MAX_BODY_BYTES: ")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.usefixtures("environment")
def test_a_store_of_a_newer_inbox_stops_the_start(tmp_path: Path) -> None:
    """Writing into tables one does not know would damage them."""
    connection = sqlite3.connect(tmp_path / "inbox.sqlite3")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(SystemExit, match=r"^inbox: INBOX_DATABASE_PATH: .*schema 99"):
        create_app()
