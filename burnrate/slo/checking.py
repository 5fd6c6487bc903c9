"""All that is wrong with specifications, and what is made of those that are right."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from burnrate.configuration import Configuration
from burnrate.slo.errors import SpecError, error_as_json
from burnrate.slo.generator import rule_files
from burnrate.slo.live import Finding
from burnrate.slo.specification import (
    Service,
    Slo,
    load_all,
    load_files,
    number,
    specification_files,
)


@dataclass(frozen=True)
class Checked:
    """What was checked.

    Attributes:
        services: Those of the files that are right.
        errors: The first of each file that is wrong, and why not everything was checked:
            burnrate.yml is wrong, a Prometheus is silent.
        findings: What a Prometheus lacks for these services, if it was asked.
    """

    services: Sequence[Service]
    errors: Sequence[Exception]
    findings: Sequence[Finding] = ()

    @property
    def is_ok(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.errors or self.findings)

    def as_json(self) -> dict[str, object]:
        """Return it as a document for programs."""
        return {
            "ok": self.is_ok,
            "services": [_service(each) for each in self.services],
            "errors": [error_as_json(each) for each in self.errors],
            "findings": [each.as_json() for each in self.findings],
        }


def checked(paths: Sequence[Path], configuration: Configuration, *, is_stack: bool) -> Checked:
    """Check files and folders.

    Args:
        paths: Those.
        configuration: The team's choices.
        is_stack: Whether they are the stack's own folder, whose routes know two severities.
    """
    if is_stack:
        try:
            return Checked(load_all(paths[0], configuration), [])
        except SpecError as error:
            return Checked([], [error])
    files, errors = _files(paths)
    right = []
    for file in files:
        try:
            load_files([file], configuration)
        except SpecError as error:
            errors.append(error)
        else:
            right.append(file)
    try:
        services = load_files(right, configuration)
        rule_files(services)
    except SpecError as error:
        return Checked([], [*errors, error])
    return Checked(services, errors)


def _files(paths: Sequence[Path]) -> tuple[list[Path], list[SpecError]]:
    files: list[Path] = []
    errors: list[SpecError] = []
    for path in paths:
        try:
            files += specification_files(path)
        except SpecError as error:
            errors.append(error)
    return files, errors


def _service(service: Service) -> dict[str, object]:
    return {
        "service": service.title,
        "source": service.source,
        "slos": [_slo(each) for each in service.slos],
        "notes": list(service.notes),
    }


def _slo(slo: Slo) -> dict[str, object]:
    return {
        "name": slo.name,
        "objective_percent": slo.spec.objective,
        "period_days": slo.period_days,
        "counts": {"rate": "events", "amount": "events", "time": "time"}[slo.counted],
        "alerts": [
            {
                "name": slo.alert_name(tier),
                "severity": slo.severities.get(tier.severity, tier.severity),
                "error_ratio": float(number(slo.threshold(tier))),
            }
            for tier in slo.tiers
        ],
    }
