"""A service with the usual objectives, for a repository that is made with one."""

from collections.abc import Sequence
from pathlib import Path

from burnrate.service.adding import check_new
from burnrate.service.inventory import Inventory
from burnrate.service.sources import objectives, read_source
from burnrate.service.wanted import SLO_FOLDER, Wanted, checked_name, target_address

_SOURCE = "burnrate"
_AVAILABILITY, _LATENCY = 99.9, 99.0


def usual_service(
    checkout: Path, name: str, job: str | None, targets: Sequence[str], team: str | None
) -> dict[Path, str]:
    """Return the files of a service that our telemetry counts, by their paths.

    Args:
        checkout: What it is checked against.
        name: The service.
        job: Its scrape job; by default its name.
        targets: `HOST:PORT` of its metrics.
        team: The label `team` of all its alerts.

    Raises:
        ServiceError: as `burnrate service add` refuses it.
    """
    counted_by = read_source(_SOURCE, checkout / SLO_FOLDER)
    wanted = Wanted(
        name=checked_name(name),
        job=job or name,
        source=_SOURCE,
        objectives=objectives(counted_by, _AVAILABILITY, _LATENCY, None),
        targets=tuple(dict.fromkeys(map(target_address, targets))),
        reports_on=name,
        labels={"team": team} if team else {},
    )
    check_new(wanted, Inventory.read(checkout), is_shared=False)
    return wanted.files()
