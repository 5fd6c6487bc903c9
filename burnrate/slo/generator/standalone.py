"""Rules of anyone's services, for a Prometheus that knows nothing of this project."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from burnrate.slo.errors import SpecError
from burnrate.slo.generator.alerting import service_group, slo_groups
from burnrate.slo.generator.files import rules_text
from burnrate.slo.generator.obeyed import obeyed
from burnrate.slo.specification import Service


def rule_files(services: Sequence[Service]) -> dict[str, str]:
    """Return the files of rules, one an SLO and one a service whose job is known, by their names.

    Raises:
        SpecError: two SLOs would have the same file.
    """
    made: dict[str, str] = {}
    for service in services:
        for name, groups in _of_service(service).items():
            if name in made:
                raise SpecError(Path(service.source), "", f"another SLO writes {name} too")
            made[name] = rules_text({"groups": groups}, service.source)
    return made


def rules(services: Sequence[Service]) -> str:
    """Return all rules as one file."""
    groups = [group for each in services for part in _of_service(each).values() for group in part]
    return rules_text({"groups": groups}, ", ".join(dict.fromkeys(s.source for s in services)))


def _of_service(service: Service) -> dict[str, list[dict[str, Any]]]:
    made = {
        f"slo-{service.stem}-{slo.stem}.yml": obeyed(slo, slo_groups(slo)) for slo in service.slos
    }
    if service.job and not all("page" in slo.disabled for slo in service.slos):
        made[f"slo-{service.stem}.yml"] = [service_group(service)]
    return made
