"""The service without telemetry is the same service, and has none."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

import burnrate.telemetry
from bench.service.bare import FACTORY_VARIABLE, create_app, leave_bare
from burnrate.telemetry import Telemetry

ROOT = Path(__file__).parents[3]
LOOK = """
from bench.service.bare import create_app
app = create_app()
print(type(app).__name__, "/metrics" in [getattr(route, "path", "") for route in app.routes],
      app.build_middleware_stack.__qualname__)
"""


@pytest.mark.parametrize("before", ["", "import api.main"], ids=["fresh", "imported before"])
def test_the_service_itself_is_made_without_telemetry(before: str) -> None:
    """No metrics route, and no layer around its middleware; also where gunicorn has imported it."""
    done = subprocess.run(
        [sys.executable, "-c", before + LOOK],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], FACTORY_VARIABLE: "api.main:create_app"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["FastAPI", "False", "FastAPI.build_middleware_stack"], (
        done.stderr
    )


def test_a_factory_gets_another_instrument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it hands to it."""
    (tmp_path / "bare_example.py").write_text(
        "from burnrate.telemetry import instrument\n"
        "def make():\n    return instrument(None, service='x', version='1')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(burnrate.telemetry, "instrument", burnrate.telemetry.instrument)
    monkeypatch.setenv(FACTORY_VARIABLE, "bare_example:make")
    assert not isinstance(create_app(), Telemetry)


def test_pools_and_threads_work_unmeasured() -> None:
    """They bound what is done at once all the same."""
    bare = leave_bare(None)  # type: ignore[arg-type]
    pool = bare.pool("postgres", max_connections=1, idle=lambda: 0)
    executor = bare.executor(max_workers=1, max_pending=1, timeout_seconds=1)

    async def acquire() -> str:
        return "connection"

    async def release(_held: str) -> None:
        return

    async def use() -> None:
        async with pool.hold(acquire, release) as held:
            assert held == "connection"
        assert await executor.run(len, "four") == 4

    asyncio.run(use())
    executor.shutdown()


def test_a_background_task_that_fails_is_logged_and_not_raised(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As with telemetry: the answer has gone out, nobody is left to raise to."""

    async def fail() -> None:
        raise ValueError("no")

    asyncio.run(leave_bare(None).background("clean_up", fail)())  # type: ignore[arg-type]
    assert "clean_up failed" in caplog.text
