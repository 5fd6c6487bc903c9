"""A wrong setting is named in one line; secrets never show."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from api.errors import InvalidSettings
from api.settings import DatabaseSettings, ServerSettings, Settings, load_settings

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the machine has set out of the tests."""
    for group in Settings.model_fields.values():
        settings: type[ServerSettings] = group.default_factory  # type: ignore[assignment]
        prefix = settings.model_config.get("env_prefix", "")
        for field in settings.model_fields:
            monkeypatch.delenv(f"{prefix}{field}".upper(), raising=False)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RATE_LIMIT_PER_MINUTE", "many"),
        ("RATE_LIMIT_PROCESS_PER_MINUTE", "0"),
        ("WEB_CONCURRENCY", "-1"),
        ("DATABASE_PORT", "70000"),
        ("DATABASE_PASSWORD_FILE", "/does/not/exist"),
        ("REDIS_TIMEOUT_SECONDS", "0"),
        ("CACHE_TTL_SECONDS", "nan"),
        ("FAULTS_ENABLED", "perhaps"),
        ("DATABASE_POOL_MIN", "60"),
    ],
)
def test_wrong_value_is_refused_in_one_line_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """The line is all that a person gets to see."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidSettings) as refusal:
        load_settings()
    message = str(refusal.value)
    assert variable in message
    assert "\n" not in message


def test_every_wrong_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody should have to start three times to find three mistakes."""
    monkeypatch.setenv("DATABASE_PORT", "x")
    monkeypatch.setenv("REDIS_PORT", "y")
    with pytest.raises(InvalidSettings, match=r"DATABASE_PORT.*REDIS_PORT"):
        load_settings()


def test_password_comes_from_its_file_and_does_not_show(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A secret is a file's content without the line's end, and never in a text of the settings."""
    file = tmp_path / "password"
    file.write_text("correct horse\n")
    monkeypatch.setenv("DATABASE_PASSWORD_FILE", str(file))
    settings = load_settings()
    assert settings.database.password is not None
    assert settings.database.password.get_secret_value() == "correct horse"
    assert "correct horse" not in repr(settings)


def test_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose writes an empty value for a variable that is not set."""
    monkeypatch.setenv("DATABASE_POOL_MAX", "")
    assert load_settings().database.pool_max == 50


def test_hosts_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """People write lists in variables with commas."""
    monkeypatch.setenv("PROCESS_ALLOWED_HOSTS", "One.example, two.example:8080,")
    assert load_settings().process.allowed_hosts == {"one.example", "two.example:8080"}


def test_settings_cannot_be_changed() -> None:
    """They are read once and passed on."""
    with pytest.raises(ValidationError):
        load_settings().database.port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("total", "workers", "share"), [(50, 4, 12), (10, 4, 2), (1, 4, 1), (10, 1, 10)]
)
def test_workers_share_a_total(total: int, workers: int, share: int) -> None:
    """All workers together stay within the total, and each has at least one."""
    settings = Settings(server=ServerSettings(web_concurrency=workers))
    assert settings.share(total) == share


def test_pool_sizes_are_the_documents() -> None:
    """The figures that the service was asked to have."""
    database = DatabaseSettings()
    assert (database.pool_min, database.pool_max) == (10, 50)
    assert (database.max_queries, database.idle_lifetime_seconds) == (50_000, 300)


def test_application_ends_with_one_line_and_no_traceback() -> None:
    """Under any server that imports the application."""
    result = subprocess.run(
        [sys.executable, "-c", "from api.main import create_app; create_app()"],
        env={"REDIS_PORT": "x", "PATH": "/usr/bin:/bin"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("api: wrong setting: REDIS_PORT: ")
