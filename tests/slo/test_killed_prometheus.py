"""Ledgers on real Prometheus servers, of which one is killed, against the client's own count.

What rules look back for is three seconds instead of minutes, so that a hole is soon one.
"""

import shutil
import signal
from pathlib import Path

import pytest

from tests.slo.replicas import Counters, exposed, replica, write_past
from tests.support.waiting import wait_until


@pytest.mark.integration
def test_what_was_served_while_prometheus_was_dead_is_counted(tmp_path: Path) -> None:
    """All of it, also of a process that began anew; the other replica saw the same."""
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed")
    counters = Counters()
    counters.serve(good=90, bad=0)
    with exposed(counters) as port:
        killed, other = (replica(tmp_path / name, port) for name in ("killed", "other"))
        with killed.process.running(), other.process.running():
            # A young process: what it served before anybody looked counts.
            killed.wait_for(90, 0)
            other.wait_for(90, 0)
            counters.serve(good=5, bad=5)  # the first bad ones, and the series with them
            killed.wait_for(100, 5)

            counters.serve(good=1_000, bad=0)
            other.wait_for(1_100, 5)
            killed.process.stop(signal.SIGKILL)
            counters.serve(good=200, bad=300)
            other.wait_for(1_600, 305)
            killed.hole()
            killed.wait_for(1_600, 305)

            killed.process.stop(signal.SIGKILL)
            counters.restart()
            counters.serve(good=40, bad=2)
            killed.hole()
            for each in (killed, other):
                each.wait_for(1_642, 307)


@pytest.mark.integration
def test_an_alert_of_little_traffic_outlives_prometheus(tmp_path: Path) -> None:
    """It goes on without another failure, and ends at the first good event."""
    if shutil.which("promtool") is None or shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed")
    counters = Counters()
    counters.serve(good=1, bad=0)
    folder = tmp_path / "killed"
    folder.mkdir()
    write_past(folder, good=8)
    with exposed(counters) as port:
        killed = replica(folder, port, is_forgetful=False)
        with killed.process.running():
            killed.wait_for(9, 0)
            for bad in (1, 2, 3):
                assert killed.pages() == set()
                counters.serve(good=0, bad=1)
                killed.wait_for(9 + bad, bad)
            wait_until(lambda: "ErrorBudgetBurnHigh" in killed.pages(), "a page")

            killed.process.stop(signal.SIGKILL)
            killed.process.start()
            wait_until(lambda: "ErrorBudgetBurnHigh" in killed.pages(), "the page of before")
            counters.serve(good=1, bad=0)
            wait_until(lambda: not killed.pages(), "the end of the page")
            assert killed.ledger() == (13, 3)
