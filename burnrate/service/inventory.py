"""What a checkout has already: services with objectives, and what Prometheus is told to scrape."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from burnrate.configuration import Configuration, load_configuration
from burnrate.service.errors import ServiceError
from burnrate.service.wanted import SLO_FOLDER, TARGET_FOLDER
from burnrate.slo.specification import Service, has_specifications, load_all

SCRAPES = Path("prometheus/prometheus.yml")


@dataclass(frozen=True)
class Scraped:
    """Targets of one job in one place.

    Attributes:
        file: Where they stand, below the checkout.
        service: Their label `service`; empty if they have none.
    """

    file: Path
    job: str
    service: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Inventory:
    """A checkout's services and targets."""

    checkout: Path
    configuration: Configuration
    services: tuple[Service, ...]
    scraped: tuple[Scraped, ...]

    @classmethod
    def read(cls, checkout: Path) -> "Inventory":
        """Read a checkout.

        Raises:
            ServiceError: a file of targets is wrong; SpecError and ConfigurationError for others.
        """
        configuration = load_configuration(checkout)
        folder = checkout / SLO_FOLDER
        services = load_all(folder, configuration) if has_specifications(folder) else []
        scraped = (*_in_configuration(checkout), *_in_files(checkout))
        return cls(checkout, configuration, tuple(services), scraped)

    def jobs(self) -> frozenset[str]:
        """Return the jobs that are scraped."""
        return frozenset(each.job for each in self.scraped)

    def configured_jobs(self) -> frozenset[str]:
        """Return those that stand in Prometheus' own configuration: the stack's, mostly."""
        return frozenset(each.job for each in self.scraped if each.file == SCRAPES)

    def of_target(self, target: str) -> Scraped | None:
        """Return whose target it is already."""
        return next((each for each in self.scraped if target in each.targets), None)

    def targets_of(self, service: Service) -> list[Scraped]:
        """Return where Prometheus finds what a service is counted by: itself or a proxy."""
        jobs = jobs_of(service)
        return [each for each in self.scraped if each.job in jobs]

    def specification_of(self, service: Service) -> Path:
        """Return a service's file, below the checkout."""
        return SLO_FOLDER / service.source

    def named(self, name: str) -> list[Service]:
        """Return the services of a name, or of a whole identity as people read it."""
        return [each for each in self.services if name in {each.name, each.title}]


def jobs_of(service: Service) -> tuple[str, ...]:
    """Return the scrape jobs of a service's own processes and of what counts for it."""
    jobs = dict.fromkeys([service.job, *(slo.job for slo in service.slos)])
    return tuple(filter(None, jobs))


def _in_configuration(checkout: Path) -> Iterator[Scraped]:
    content = _read(checkout, SCRAPES)
    if not isinstance(content, dict):
        raise ServiceError(f"{SCRAPES}: a mapping is needed")
    for job in content.get("scrape_configs", []):
        yield from _groups(job.get("static_configs", []), SCRAPES, str(job["job_name"]))


def _in_files(checkout: Path) -> Iterator[Scraped]:
    for path in sorted((checkout / TARGET_FOLDER).glob("*.yml")):
        file = TARGET_FOLDER / path.name
        content = _read(checkout, file)
        if not isinstance(content, list):
            raise ServiceError(f"{file}: a list of targets is needed")
        yield from _groups(content, file, path.stem)


def _groups(groups: Any, file: Path, job: str) -> Iterator[Scraped]:  # noqa: ANN401 - YAML
    try:
        for group in groups:
            labels: Mapping[str, str] = group.get("labels") or {}
            targets = tuple(str(each) for each in group["targets"])
            yield Scraped(file, labels.get("job", job), labels.get("service", ""), targets)
    except (AttributeError, KeyError, TypeError) as error:
        raise ServiceError(f"{file}: targets with labels are needed") from error


def _read(checkout: Path, file: Path) -> Any:  # noqa: ANN401 - YAML
    try:
        return yaml.safe_load((checkout / file).read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark is not None else ""
        raise ServiceError(f"{file}{line}: {error.problem}") from error
    except OSError as error:
        raise ServiceError(f"{file}: {error.strerror}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ServiceError(f"{file}: {' '.join(str(error).split())}") from error
