"""The settings that `instrument` takes as arguments, for which an editor knows names and types."""

from collections.abc import Sequence
from typing import Any, Final, Literal, TypedDict

from burnrate.telemetry.settings.settings import TelemetrySettings

# Options that are called otherwise than their setting.
_SETTINGS: Final = {"deadline": "deadline_seconds"}


class Options(TypedDict, total=False):
    """What may stand in the call of `instrument` in place of its `TELEMETRY_*` variable.

    What each one does stands in `docs/adopting/reference.md` and beside the setting of its name.
    """

    enabled: bool
    logs: bool
    traces: bool
    spans: Literal["own", "contrib"] | None
    prefix: str | None
    metrics_path: str | None
    metrics_port: int | None
    deadline: float | None
    unlogged_paths: Sequence[str] | str
    untraced_paths: Sequence[str] | str
    uncounted_paths: Sequence[str] | str
    duration_buckets: Sequence[float] | str
    status_label: Literal["code", "class"]
    expected_series: bool
    body_sizes: bool


def settled(settings: TelemetrySettings, options: Options) -> TelemetrySettings:
    """Return the settings with the options that were given, checked like the others.

    Args:
        settings: What the variables say.
        options: None stands for what the settings say.

    Raises:
        TypeError: There is no such option.
        pydantic.ValidationError: A value is out of its range.
    """
    for name in options:
        if name not in Options.__annotations__:
            raise TypeError(f"instrument() has no option {name!r}")
    changes: dict[str, Any] = {
        _SETTINGS.get(name, name): value for name, value in options.items() if value is not None
    }
    return TelemetrySettings(**{**settings.model_dump(), **changes}) if changes else settings
