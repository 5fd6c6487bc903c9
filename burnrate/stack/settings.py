"""The user's settings: `.env` under the environment, as Compose reads them."""

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values


def read_settings(env_file: Path, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables of `env_file`, overridden by those of `environment`: by default ours.

    One that is empty is left out: each setting then has its default.
    """
    given = os.environ if environment is None else environment
    filed = dotenv_values(env_file) if env_file.is_file() else {}
    return {name: value for name, value in {**filed, **given}.items() if value}
