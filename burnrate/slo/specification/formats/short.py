"""The short file: a service, the source that counts its requests, and objectives."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import Field, model_validator

from burnrate.slo.errors import SpecError
from burnrate.slo.specification.formats.specification import Specification, parsed
from burnrate.slo.specification.formats.yaml_documents import Document, documents
from burnrate.slo.specification.settings import (
    Grouping,
    LatencySettings,
    RatioSettings,
    ServiceSettings,
)
from burnrate.slo.specification.sloth import (
    LabelName,
    LabelValue,
    Model,
    Name,
    ServiceSpec,
)
from burnrate.slo.specification.sources import (
    Asked,
    Duration,
    Sli,
    Source,
    SourceProblem,
    availability,
    latency,
    source_file,
    source_names,
)

T = TypeVar("T")

KEYS: Final = frozenset({"source", "objectives"})
_ALERTS: Final = {"availability": "ErrorBudgetBurn", "latency": "LatencyBudgetBurn"}
_Percent = Annotated[float, Field(ge=50, le=99.999)]


class _Objective(Model):
    objective: _Percent
    source: str | None = None
    description: str | None = None
    grouping: Grouping | None = None


class _Latency(_Objective):
    threshold: Duration
    routes: Annotated[str, Field(min_length=1)] | None = None
    buckets: Annotated[tuple[float, ...], Field(min_length=1)] | None = None


class _Objectives(Model):
    availability: _Objective | None = None
    latency: _Latency | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_short(cls, given: object) -> object:
        if isinstance(given, dict) and isinstance(given.get("availability"), str):
            return {**given, "availability": {"objective": given["availability"]}}
        return given

    @model_validator(mode="after")
    def _has_some(self) -> "_Objectives":
        if self.availability is None and self.latency is None:
            raise ValueError("needs availability, latency or both")
        return self


class _Short(Model):
    """The file.

    Attributes:
        source: The name of a source, or the path of a team's own.
        job: The scrape job that counts; by default the service's name, and none for a proxy.
        backend: How a proxy calls the service.
        where: Further labels that the series have.
        internal: A pattern of routes that no user asks for, in place of the source's.
        has_routes: Whether its requests are counted by route, where the source can do so.
        pushed: Whether metrics are pushed, so that no target is up or down.
    """

    version: Literal["burnrate/v1"] = "burnrate/v1"
    service: Name
    source: str
    job: Name | None = None
    backend: LabelValue | None = None
    where: dict[LabelName, LabelValue] = Field(default_factory=dict)
    internal: Annotated[str, Field(min_length=1)] | None = None
    has_routes: bool = True
    pushed: bool = False
    objectives: _Objectives


def read(document: Document) -> Specification:
    """Return the specification of a short file, with the settings that follow from its source.

    Raises:
        SpecError: it is none, or its source cannot tell what is asked.
    """
    short = parsed(document, _Short)
    slis = list(_slis(document, short))
    content = {
        "version": "prometheus/v1",
        "service": short.service,
        "slos": [_slo(name, objective, sli) for name, objective, sli in slis],
    }
    names = [name for name, _, _ in slis]
    own_path = _own_path(names)
    spec = parsed(document, ServiceSpec, content, own_path=own_path)
    settings = ServiceSettings(
        version="burnrate/v1",
        job=_processes_job(document, short),
        slos={name: _settings(sli, objective) for name, objective, sli in slis},
    )
    notes = tuple(dict.fromkeys(f"{name}: {note}" for name, _, sli in slis for note in sli.notes))
    is_assumed = short.job is None
    return Specification(
        document, spec, own_path, notes=notes, implied=settings, is_job_assumed=is_assumed
    )


def _slis(document: Document, short: _Short) -> Iterator[tuple[str, _Objective, Sli]]:
    given = short.objectives
    if given.availability is not None:
        path = "objectives.availability"
        source, asked = _source(document, short, given.availability, path)
        sli = _tried(document, path, partial(availability, source, asked))
        yield "availability", given.availability, sli
    if (wanted := given.latency) is not None:
        path = "objectives.latency"
        source, asked = _source(document, short, wanted, path)
        routes, buckets = wanted.routes, wanted.buckets
        make = partial(latency, source, asked, wanted.threshold, routes=routes, buckets=buckets)
        sli = _tried(document, path, make)
        yield "latency", wanted, sli


def _source(
    document: Document, short: _Short, objective: _Objective, path: str
) -> tuple[Source, Asked]:
    place = "source" if objective.source is None else f"{path}.source"
    source = _read_source(document, objective.source or short.source, place)
    if not short.has_routes:
        source = source.without_routes()
    # Another source than the file's has other labels.
    is_own = objective.source in {None, short.source}
    job = (short.job if is_own or not source.is_proxy else None) or source.job
    asked = Asked(
        short.service,
        job or ("" if source.is_proxy else short.service),
        backend=short.backend if is_own else None,
        where=short.where,
        internal=short.internal if is_own or source.route else None,
    )
    return source, asked


def _read_source(document: Document, name: str, path: str) -> Source:
    file = source_file(name, document.file)
    if not file.is_file():
        known = ", ".join(source_names())
        reason = f"{name} is no source: write {known}, or the path of a file of your own (*.yml)"
        raise document.error(path, reason)
    found = documents(file)
    if len(found) != 1:
        raise SpecError(file, "", "needs one document")
    return parsed(found[0], Source)


def _processes_job(document: Document, short: _Short) -> str:
    """Return the scrape job of the service's own processes; empty where a proxy counts."""
    is_proxy = _read_source(document, short.source, "source").is_proxy
    return "" if short.pushed or is_proxy else short.job or short.service


def _tried(document: Document, path: str, make: Callable[[], T]) -> T:
    try:
        return make()
    except SourceProblem as problem:
        raise document.error(path, str(problem)) from problem


def _settings(sli: Sli, objective: _Objective) -> RatioSettings | LatencySettings:
    return sli.settings.model_copy(update={"grouping": objective.grouping})


def _slo(name: str, objective: _Objective, sli: Sli) -> dict[str, Any]:
    return {
        "name": name,
        "objective": objective.objective,
        "description": objective.description or sli.description,
        "sli": {"events": dict(sli.events)},
        "alerting": {"name": _ALERTS[name]},
    }


def _own_path(names: list[str]) -> Callable[[str], str]:
    def own(path: str) -> str:
        for index, name in enumerate(names):
            if path.startswith(f"slos[{index}]"):
                return f"objectives.{name}"
        return "service" if path.startswith("service") else ""

    return own
