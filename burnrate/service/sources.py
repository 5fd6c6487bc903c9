"""Who counts a service's requests, as far as adding one has to know."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from burnrate.service.errors import ServiceError
from burnrate.slo.specification.sources import Source, seconds, source_file, source_names

# What the shipped service promises; where the source has no such bound, the next one above it.
_THRESHOLD = "250ms"


def read_source(name: str, beside: Path) -> Source:
    """Return a source by its name, or a team's own by its path from where specifications are.

    Raises:
        ServiceError: there is none, or it cannot be read.
    """
    file = source_file(name, beside / "any.yml")
    if not file.is_file():
        known = ", ".join(source_names())
        raise ServiceError(f"--source {name}: write {known}, or the path of a file of your own")
    try:
        return Source.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ServiceError(f"--source {name}: {reason}") from error


def objectives(
    source: Source, availability: float, latency: float | None, threshold: str | None
) -> dict[str, Any]:
    """Return the objectives of a short file.

    Args:
        source: Who counts.
        availability: In per cent.
        latency: In per cent; None for no such objective.
        threshold: Within which an answer is fast, with its unit; None for the usual one.
    """
    made: dict[str, Any] = {"availability": availability}
    if latency is not None and source.durations:
        made["latency"] = {"objective": latency, "threshold": threshold or _usual(source)}
    return made


def _usual(source: Source) -> str:
    wanted = float(seconds(_THRESHOLD))
    bounds = sorted(
        bound / 1000 if each.unit == "ms" else bound
        for each in source.durations
        for bound in each.buckets
    )
    found = next((bound for bound in bounds if bound >= wanted), bounds[-1])
    return f"{found * 1000:g}ms" if found < 1 else f"{found:g}s"
