"""What the inbox is told from outside, by `INBOX_` variables, read once."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_PREFIX = "INBOX_"


class Settings(BaseSettings):
    """The inbox's settings; none changes while it runs."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_ignore_empty=True, frozen=True, extra="ignore"
    )

    database_path: Path
    # The file Alertmanager reads as `credentials_file`; both read it at each request.
    token_file: Path
    # A second valid token while tokens are rotated; the file need not exist.
    extra_token_file: Path | None = None
    # 1,000 alerts with 1 KB annotations are about 1.5 MB.
    max_body_bytes: PositiveInt = 8 * 1024 * 1024
    # Alertmanager sends from memory, so a body that takes this long is no body of its.
    body_timeout_seconds: Annotated[PositiveFloat, Field(allow_inf_nan=False)] = 10.0
    # A disk that hangs must cost a 503, which Alertmanager retries, and not a silent wait.
    store_timeout_seconds: Annotated[PositiveFloat, Field(allow_inf_nan=False)] = 10.0

    @field_validator("database_path")
    @classmethod
    def _stands_in_a_folder(cls, path: Path) -> Path:
        if not path.parent.is_dir():
            raise ValueError(f"{path.parent} is not a folder")
        if path.is_dir():
            raise ValueError(f"{path} is a folder")
        return path


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        SystemExit: with one line that names the first wrong variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        variable = _PREFIX + str(first["loc"][0]).upper()
        reason = first["msg"].removeprefix("Value error, ")
        raise SystemExit(f"inbox: {variable}: {reason}") from None
