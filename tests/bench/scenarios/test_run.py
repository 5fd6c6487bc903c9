"""A scenario on real processes, shortened."""

import asyncio
import shutil
from dataclasses import replace

import pytest

from bench.scenarios.catalogue import SCENARIOS
from bench.scenarios.rig import PROGRAMS
from bench.scenarios.run import run
from tests.compose.front_door import has_lua


@pytest.mark.integration
def test_clients_nginx_and_the_slo_count_the_same() -> None:
    """All workers dead for some seconds: each request is counted once, by all three."""
    if missing := [each for each in PROGRAMS if shutil.which(each) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    if not has_lua():
        pytest.skip("not installed: libnginx-mod-http-lua")
    scenario = replace(SCENARIOS["all-dead"], seconds=5)

    found = asyncio.run(run(scenario, before_seconds=5, after_seconds=5))

    assert found.clients["bad"] > 0
    assert found.clients["good"] > 0
    assert found.difference == 0
