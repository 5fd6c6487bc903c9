"""`make` tells people what takes long before it begins."""

import re
import subprocess

from tests.servers.checkout import ROOT


def test_a_quiet_installation_is_announced() -> None:
    """The first `make up` takes a minute before anything else is seen."""
    # Nothing is run, as if nothing were there.
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", ".venv/bin/.dev"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = ""
    for line in done.stdout.splitlines():
        if line.startswith("echo "):
            said = line
        elif "install --quiet" in line:
            (requirements,) = re.findall(r"-r (\S+)", line) or ["requirements/run.txt"]
            assert requirements in said or "making the virtual environment" in said, line
