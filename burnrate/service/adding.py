"""What is checked before a service is added, and what is taken away with one."""

from collections.abc import Mapping
from pathlib import Path

from burnrate.service.errors import ServiceError
from burnrate.service.inventory import SCRAPES, Inventory, jobs_of
from burnrate.service.wanted import SLO_FOLDER, TARGET_FOLDER, Wanted
from burnrate.slo.specification import Service
from burnrate.stack import PARTS


def check_new(wanted: Wanted, there: Inventory, *, is_shared: bool) -> None:
    """Refuse a service that is there already, or that would be counted together with another.

    Args:
        wanted: The service.
        there: What the checkout has.
        is_shared: Whether series of its job tell several services apart, as a proxy's do.

    Raises:
        ServiceError: the reason, and what to do instead.
    """
    _check_name(wanted, there)
    _check_identity(wanted, there)
    _check_job(wanted, there, is_shared=is_shared)
    if wanted.targets and wanted.job in there.configured_jobs():
        raise ServiceError(
            f"the job {wanted.job} is in {SCRAPES} already, and counted as one with "
            "these targets: take another --job, or leave --target out"
        )
    for target in wanted.targets:
        if other := there.of_target(target):
            instead = f"; leave --target out, and write --job {other.job}" if is_shared else ""
            raise ServiceError(
                f"{target} is a target of the job {other.job} already ({other.file}), and scraped "
                f"twice it would count twice{instead}"
            )
    if not wanted.targets and wanted.job not in there.jobs():
        raise ServiceError(
            f"nothing says where the job {wanted.job} is scraped: add --target HOST:PORT"
        )


def removal(there: Inventory, service: Service) -> dict[Path, str | None]:
    """Return the files that go with a service.

    Raises:
        ServiceError: it is not one that `burnrate service` can take away.
    """
    specification = there.specification_of(service)
    if [each for each in there.services if each.source == service.source] != [service]:
        raise ServiceError(f"{specification} is about other services too: change it by hand")
    targets = [each for each in there.targets_of(service) if _is_own(each.file, service, there)]
    by_hand = [each for each in there.scraped if each.job == service.job and each not in targets]
    if by_hand:
        raise ServiceError(
            f"{service.title} is scraped by {by_hand[0].file}, which was written by hand: take its "
            f"job {service.job} out there first"
        )
    settings = [
        path
        for suffix in ("yml", "yaml")
        if (path := specification.with_name(f"{specification.stem}.settings.{suffix}"))
        and (there.checkout / path).is_file()
    ]
    return dict.fromkeys([specification, *settings, *(each.file for each in targets)])


def _is_own(file: Path, service: Service, there: Inventory) -> bool:
    """Return whether no other service is counted by the targets of a file."""
    if file.parent != TARGET_FOLDER:
        return False
    others = (each for each in there.services if each is not service)
    return not any(file in {found.file for found in there.targets_of(each)} for each in others)


def _check_name(wanted: Wanted, there: Inventory) -> None:
    same = [each for each in there.services if each.identity == _identity(wanted, there)]
    taken = SLO_FOLDER / f"{wanted.stem}.yml"
    if same or (there.checkout / taken).exists():
        file = there.specification_of(same[0]) if same else taken
        raise ServiceError(
            f"there is a service {wanted.name} already ({file}): burnrate service remove "
            f"{wanted.name}, or change that file"
        )
    if wanted.name in PARTS:
        raise ServiceError(f"{wanted.name} is a part of the stack: take another name")
    for other in there.scraped:
        if other.service == wanted.name and other.job != wanted.job:
            raise ServiceError(
                f"{other.file} has the label service={wanted.name} already, of the job {other.job}"
            )
    for path in wanted.files():
        if (there.checkout / path).exists():
            raise ServiceError(f"{path} is there already, and of no service: remove it first")


def _check_identity(wanted: Wanted, there: Inventory) -> None:
    needed = [name for name in there.configuration.identity if name != "service"]
    if sorted(needed) != sorted(wanted.identity):
        listed = " ".join(f"--identity {name}=VALUE" for name in needed) or "no --identity"
        raise ServiceError(f"identity of burnrate.yml asks for {listed}")


def _check_job(wanted: Wanted, there: Inventory, *, is_shared: bool) -> None:
    if is_shared:
        return
    for service in there.services:
        others = {name: service.identity[name] for name in wanted.identity}
        if wanted.job in jobs_of(service) and others == dict(wanted.identity):
            raise ServiceError(
                f"the job {wanted.job} counts {service.title} already: each service needs its own"
            )


def _identity(wanted: Wanted, there: Inventory) -> Mapping[str, str]:
    given = {**wanted.identity, "service": wanted.name}
    return {name: given.get(name, "") for name in there.configuration.identity}
