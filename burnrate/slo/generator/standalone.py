"""Rules of anyone's services, for a Prometheus that knows nothing of this project."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from burnrate.slo.errors import SpecError
from burnrate.slo.generator.alerting import Group, service_group
from burnrate.slo.generator.files import HEADER, rules_text
from burnrate.slo.generator.obeyed import kept_groups
from burnrate.slo.generator.windows import way_of_counting
from burnrate.slo.specification import Service, Slo

_HEADER: Final = re.compile(re.escape(HEADER.strip()).replace(r"\{source\}", "(.*)"))


@dataclass(frozen=True)
class Leftovers:
    """Rules in a folder that a former run wrote, and this one does not.

    Attributes:
        gone: Those of files that were read now: their SLOs are no more.
        others: Those of other files, by what their first line says.
    """

    gone: Sequence[Path]
    others: Sequence[tuple[Path, str]]


def leftovers(folder: Path, made: Sequence[Path], services: Sequence[Service]) -> Leftovers:
    """Return what is in a folder of rules besides what is made now; only files that say so."""
    read = {service.source for service in services}
    gone, others = [], []
    for path in sorted(set(folder.glob("slo-*.yml")) - set(made)):
        with path.open(encoding="utf-8", errors="replace") as file:
            found = _HEADER.fullmatch(file.readline().strip())
        if found and found[1] in read:
            gone.append(path)
        elif found:
            others.append((path, found[1]))
    return Leftovers(gone, others)


def rule_files(services: Sequence[Service]) -> dict[str, str]:
    """Return the files of rules, one an SLO and one a service whose job is known, by their names.

    Raises:
        SpecError: two SLOs would have the same file.
    """
    made = {}
    for name, (service, groups, remarks) in _files(services).items():
        made[name] = rules_text({"groups": groups}, service.source, remarks)
    return made


def rule_groups(services: Sequence[Service]) -> dict[str, list[Group]]:
    """Return the groups of the same files, by their names without an ending.

    Raises:
        SpecError: two SLOs would have the same name.
    """
    found = _files(services)
    return {name.removesuffix(".yml"): groups for name, (_, groups, _) in found.items()}


def file_name(service: Service, slo: Slo) -> str:
    """Return the name of an SLO's file of rules."""
    return f"slo-{service.stem}-{slo.stem}.yml"


def rules(services: Sequence[Service]) -> str:
    """Return all rules as one file.

    Raises:
        SpecError: two SLOs would have groups of the same name.
    """
    parts = _files(services).values()
    sources = ", ".join(dict.fromkeys(each.source for each in services))
    groups = [group for _, each, _ in parts for group in each]
    return rules_text({"groups": groups}, sources, [each for _, _, some in parts for each in some])


def _files(services: Sequence[Service]) -> dict[str, tuple[Service, list[Group], list[str]]]:
    made: dict[str, tuple[Service, list[Group], list[str]]] = {}
    for service in services:
        for name, (groups, remarks) in _of_service(service).items():
            if name in made:
                raise SpecError(Path(service.source), "", f"another SLO writes {name} too")
            made[name] = (service, groups, remarks)
    return made


def _of_service(service: Service) -> dict[str, tuple[list[Group], list[str]]]:
    """Return each file's groups, and what a reader of it should know."""
    made: dict[str, tuple[list[Group], list[str]]] = {}
    for slo in service.slos:
        begin = f"{slo.name}: "
        about = [begin + slo.spec.description] if slo.spec.description else []
        said = [note for note in service.notes if note.startswith(begin)]
        made[file_name(service, slo)] = (kept_groups(slo), [*about, way_of_counting(slo), *said])
    own = service_group(service)
    if own["rules"]:
        made[f"slo-{service.stem}.yml"] = ([own], [])
    return made
