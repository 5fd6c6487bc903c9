"""Drills held for real: real servers, real load, real faults, real alerts."""

import os
import signal
import subprocess
import time
from typing import Any

import httpx2
import pytest

from tests.drill.stacks import COMMAND, DrillStack, environment

pytestmark = [pytest.mark.integration, pytest.mark.drills, pytest.mark.timeout(420)]

IN_CI = ("errors", "latency", "db-pool", "instance-down", "inbox-down")


@pytest.fixture(scope="module")
def results(drill_stack: DrillStack) -> dict[str, dict[str, Any]]:
    """What came of each drill, held one after the other on one stack."""
    found, said = drill_stack.drill(*IN_CI)
    assert [result["drill"] for result in found] == list(IN_CI), said
    return {result["drill"]: {**result, "said": said} for result in found}


@pytest.mark.parametrize("name", IN_CI)
def test_the_expected_alert_and_no_other_page_arrives_and_resolves(
    results: dict[str, dict[str, Any]], name: str
) -> None:
    """From the fault to the inbox and back, through every real part."""
    result = results[name]
    assert result["passed"], result
    assert result["other_pages"] == []


@pytest.mark.parametrize("name", IN_CI)
def test_detection_is_within_theory(results: dict[str, dict[str, Any]], name: str) -> None:
    """Computed from the loaded rules, scrapes, evaluations and the group's wait."""
    steps = {step["step"]: step for step in results[name]["steps"]}
    assert steps["stored"]["theory_seconds"] is not None
    assert not steps["stored"]["is_late"], results[name]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_drill_undoes_its_fault(
    drill_stack: DrillStack, number: signal.Signals
) -> None:
    """The service answers well again when the command has ended, and nothing is injected."""
    url = drill_stack.url("nginx")
    command = [*COMMAND, "drill", "latency"]
    with (
        httpx2.Client(base_url=url, trust_env=False) as api,
        subprocess.Popen(
            command,
            cwd=drill_stack.path,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("fault on"):
                break
        assert api.get("/faults/injections").json()["items"]
        os.kill(process.pid, number)
        said = process.stderr.read()
        assert process.wait(60) == 130
        assert "interrupted; the fault is undone" in said
        assert api.get("/faults/injections").json()["items"] == []
        time.sleep(1.5)  # workers look once a second
        assert api.get("/posts").elapsed.total_seconds() < 0.5
