"""A service's settings over those that follow from its short file."""

from pathlib import Path
from typing import Final

from burnrate.slo.errors import SpecError
from burnrate.slo.specification.formats import Specification
from burnrate.slo.specification.settings import ServiceSettings, SloSettings

# What is counted is said in one place, or it would be said twice and differently.
_COUNTED: Final = frozenset(
    {"job", "routes", "by_route", "buckets", "unit", "grouping", "good", "bad"}
)


def overridden(
    specification: Specification, settings: ServiceSettings, file: Path
) -> ServiceSettings:
    """Return the settings of a file over those that follow from the specification.

    Raises:
        SpecError: both say the same thing, and differently.
    """
    implied, name = specification.implied, specification.document.file.name
    if implied is None:
        return settings
    given = settings.model_dump(exclude_unset=True, exclude={"slos"})
    if implied.job and given.get("job", implied.job) != implied.job:
        raise SpecError(file, "job", f"{name} has the job {implied.job}: write it there")
    own = {
        slo: _over(each, settings.slos[slo], file, f"slos.{slo}", name)
        for slo, each in implied.slos.items()
        if slo in settings.slos
    }
    return implied.model_copy(update={**given, "slos": {**implied.slos, **own}})


def _over(implied: SloSettings, own: SloSettings, file: Path, path: str, name: str) -> SloSettings:
    if own.kind != implied.kind:
        raise SpecError(file, f"{path}.kind", f"is {implied.kind} by {name}")
    given = own.model_fields_set - {"kind"}
    if counted := sorted(given & _COUNTED):
        raise SpecError(file, f"{path}.{counted[0]}", f"follows from {name}: write it there")
    return implied.model_copy(update={each: getattr(own, each) for each in given})
