"""`python -m bench scenarios`, with scenarios that are not really run."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import commands
from bench.commands import bench
from bench.scenarios import run as runs
from bench.scenarios.catalogue import SCENARIOS, Scenario
from bench.scenarios.clients import Outcome
from bench.scenarios.run import Found
from burnrate.cli import CommandError
from burnrate.http_client import NoAnswer
from burnrate.stack import container_layout


@pytest.mark.parametrize("error", [NoAnswer("nginx does not answer"), CommandError("no nginx")])
def test_one_that_cannot_be_measured_costs_no_other_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """It is named, and the command fails."""

    async def run(scenario: Scenario) -> Found:
        if scenario is SCENARIOS["healthy"]:
            raise error
        counts: dict[Outcome, int] = {"good": 1, "bad": 0, "neither": 0}
        return Found(scenario, counts, {}, counts, counts, 0.0)

    monkeypatch.setattr(runs, "run", run)
    monkeypatch.setattr(commands, "_checkout", lambda: container_layout(tmp_path))
    (tmp_path / "docs").mkdir()

    result = CliRunner().invoke(
        bench, ["scenarios", "healthy", "all-dead", "one-dead", "--update-docs"]
    )

    rows = (tmp_path / "docs/slo-scenarios.md").read_text()
    assert ["`healthy`" in rows, "`all-dead`" in rows, "`one-dead`" in rows] == [False, True, True]
    assert result.exit_code == 1
    assert f"healthy: not measured: {error}" in result.stderr
