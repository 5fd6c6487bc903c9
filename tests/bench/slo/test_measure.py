"""`python -m bench slo`, for two services and with an evaluation each second."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from bench.slo.history import raw_series, write_history
from bench.slo.measure import Measurement, copy_of
from burnrate.configuration import load_configuration
from burnrate.slo.errors import SpecError
from burnrate.slo.specification import load
from tests.servers.processes import ROOT

_SERVICE = load(ROOT / "prometheus/slo/api.yml", load_configuration())
_NOW = 1_800_000_000


def test_copies_share_no_series() -> None:
    """Their names, jobs and labels are their own; a shared one would be counted twice."""
    first, second = (copy_of(_SERVICE, name) for name in ("a", "b"))

    assert not raw_series([first]).keys() & raw_series([second]).keys()
    assert {slo.labels["service"] for slo in second.slos} == {"b"}
    for slo in second.slos:
        assert 'job="b"' in slo.total_query("5m")


@pytest.mark.integration
def test_the_past_is_a_day_and_the_beginnings_of_windows(tmp_path: Path) -> None:
    """Without it a rule finds nothing to read, and costs nothing."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    service = replace(_SERVICE, slos=_SERVICE.slos[:1])

    samples = write_history([service], _NOW, tmp_path / "data")

    (tmp_path / "data/wal").mkdir()  # which a dump wants to see
    dump = ["promtool", "tsdb", "dump", str(tmp_path / "data")]
    lines = subprocess.run(dump, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(lines) == samples
    times: dict[str, list[int]] = {}
    values: dict[tuple[str, int], float] = {}
    for line in lines:
        name = re.findall(r'__name__="([^"]*)"', line)[0]
        value, time = line.split()[-2:]
        times.setdefault(name, []).append(int(time) // 1000)
        values[name, int(time)] = float(value)
    assert min(times["front_door_requests_total"]) == _NOW - 600
    assert max(times["front_door_requests_total"]) == _NOW - 5
    # What ledgers are made of is looked back for as long as a day, each evaluation.
    assert len(times["slo:history:seconds"]) == 86_400 / 15
    for name in ("slo:bad_events:total", "slo:total_events:total"):
        assert set(range(_NOW - 86_400, _NOW, 15)) <= set(times[name])
        for days in (1, 3, 30):
            assert _NOW - days * 86_400 in times[name]
    # What is older than the past's last sample is not scraped any more.
    assert max(at for seconds in times.values() for at in seconds) < _NOW
    for (name, at), bad in values.items():
        if name == "slo:bad_events:total":
            total = values[name.replace("bad", "total"), at]
            assert bad == pytest.approx(total / 100_000, rel=1e-3)  # healthy
    # What is always the same costs next to nothing to store and to read.
    assert len({value for (name, _), value in values.items() if name.endswith("total")}) > 1


def shipped_rules() -> int:
    """Return how many rules the service has, in the files that Prometheus loads."""
    files = (ROOT / "prometheus/rules").glob("slo-api*.yml")
    groups = (group for file in files for group in yaml.safe_load(file.read_text())["groups"])
    return sum(len(group["rules"]) for group in groups)


@pytest.mark.integration
def test_it_tells_what_an_interval_costs() -> None:
    """Each, the median, the worst, whether that is below the limit, and on what machine."""
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed")
    said = list(Measurement(copies=2, evaluations=2, every_seconds=1).run(_SERVICE, ROOT))

    machine, load, past, *intervals, verdict = said
    assert re.match(r"prometheus, version \d.*, \d+ processors$", machine)
    assert load == (
        f"2 services, 90 raw series, {2 * shipped_rules()} rules, an evaluation each 1 s,"
        " of tickets each 8 s"
    )
    # A day of both ledgers, of five SLOs each.
    assert int(past.split()[1]) > 2 * 2 * 5 * 86_400 / 15
    spent = [float(re.findall(r": ([\d.]+) s of CPU", line)[0]) for line in intervals]
    assert len(spent) == 2
    assert min(spent) > 0
    worst = float(re.findall(r"worst ([\d.]+) %", verdict)[0])
    # Two processors for a second; what is shown is rounded.
    assert worst == pytest.approx(100 * max(spent) / 2, abs=0.6)
    # Healthy and up: an alert that fires costs more.
    assert " 0 alerts fire, 0 evaluations failed" in verdict
    is_whole = "failed, 0 were left out" in verdict
    assert ("NOT below 20 %" in verdict) == (worst >= 20 or not is_whole)


def test_without_prometheus_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, before anything is written."""
    monkeypatch.setenv("PATH", "")

    with pytest.raises(SpecError, match="prometheus is not on the PATH"):
        list(Measurement().run(_SERVICE, ROOT))
