"""All that is wrong with specifications, and what is made of those that are right."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from burnrate.configuration import Configuration
from burnrate.slo.errors import SpecError
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
    """The services of the files that are right, and the first error of each that is wrong.

    Attributes:
        findings: What a Prometheus lacks for these services, if it was asked.
        trouble: Why not everything was checked: burnrate.yml is wrong, a Prometheus is silent.
    """

    services: Sequence[Service]
    errors: Sequence[SpecError]
    findings: Sequence[Finding] = ()
    trouble: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.errors or self.findings or self.trouble)

    def as_json(self) -> dict[str, object]:
        """Return it as a document for programs."""
        return {
            "ok": self.is_ok,
            "services": [_service(each) for each in self.services],
            "errors": [*self._errors()],
            "findings": [each.as_json() for each in self.findings],
        }

    def _errors(self) -> Iterator[dict[str, object]]:
        for each in self.errors:
            yield _error(str(each.file), each.line, each.path, each.reason)
        if self.trouble:
            yield _error(None, None, "", self.trouble)


def _error(file: str | None, line: int | None, path: str, reason: str) -> dict[str, object]:
    return {"file": file, "line": line, "path": path, "reason": reason}


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
