"""The rules of the Helm chart, which are generated with all others."""

from pathlib import Path
from typing import Final

from burnrate.configuration import Configuration
from burnrate.export.exporting import CHART_VALUES, configured, exported
from burnrate.export.folder import planned
from burnrate.export.services import services

_CHART: Final = Path("deploy/helm/burnrate")


def chart_files(root: Path, configuration: Configuration) -> dict[Path, str | None]:
    """Return the text of each file that the chart of a checkout takes from an export.

    Args:
        root: The checkout; without a chart there are none.
        configuration: A team's.

    Returns:
        The texts; None for a file whose source is gone.

    Raises:
        SpecError: the chart's specification is wrong.
    """
    specifications = root / _CHART / "slo"
    if not specifications.is_dir():
        return {}
    made_with = configured("helm", CHART_VALUES, configuration)
    found = services([specifications], CHART_VALUES, made_with)
    made = exported("helm", found, CHART_VALUES, made_with)
    return planned(root / _CHART / "files/exported", made.files)
