"""The chart, rendered."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from tests.deploy.helm import tools
from tests.servers.processes import ROOT

CHART: Final = ROOT / "deploy/helm/burnrate"
VALUES: Final = sorted((CHART / "ci").glob("*-values.yaml"))
Resource = dict[str, Any]


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Helm, which fetches nothing and asks no cluster."""
    return subprocess.run([tools.helm(), *arguments], capture_output=True, text=True, check=False)


def template(values: Path, *more: str, chart: Path = CHART) -> subprocess.CompletedProcess[str]:
    """Render the release `rel` in the namespace `prod`."""
    return helm("template", "rel", str(chart), "-n", "prod", "-f", str(values), *more)


@cache
def rendered(values: Path) -> tuple[Resource, ...]:
    """Return the resources of the release, once for each file of values."""
    done = template(values)
    assert done.returncode == 0, done.stderr
    return parsed(done.stdout)


def parsed(text: str) -> tuple[Resource, ...]:
    """Return the resources of a text."""
    return tuple(each for each in yaml.load_all(text, Loader=yaml.CSafeLoader) if each)


def of_kind(values: Path, *kinds: str) -> list[Resource]:
    """Return a release's resources of these kinds."""
    return [each for each in rendered(values) if each["kind"] in kinds]
