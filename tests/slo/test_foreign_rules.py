"""Rules of SLOs that count in other ways than ours, on series that nobody here has made."""

import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from burnrate.configuration import load_configuration
from burnrate.slo.generator import rules
from burnrate.slo.specification import load_files

_SLOTH: Final = """\
version: prometheus/v1
service: others
slos:
  - name: increase
    objective: 95
    sli:
      events:
        error_query: sum(increase(failed_total[{{.window}}]))
        total_query: sum(increase(asked_total[{{.window}}]))
  - name: first-failures
    objective: 95
    sli:
      events:
        error_query: sum(rate(refused_total[{{.window}}]))
        total_query: sum(rate(asked_total[{{.window}}]))
  - name: threshold
    objective: 95
    sli:
      events:
        error_query: sum(rate(asked_total[{{.window}}]) > 2)
        total_query: sum(rate(asked_total[{{.window}}]))
  - name: by-instance
    objective: 95
    sli:
      events:
        error_query: sum(rate(failed_total[{{.window}}]))
        total_query: count(rate(asked_total[{{.window}}]))
  - name: samples
    objective: 95
    sli:
      events:
        error_query: sum_over_time(count(satisfaction < 0.5)[{{.window}}:1m]) or on () vector(0)
        total_query: sum_over_time(count(satisfaction)[{{.window}}:1m])
  - name: ratio
    objective: 95
    sli: {raw: {error_ratio_query: "1 - avg(avg_over_time(satisfaction[{{.window}}]))"}}
  - name: silent
    objective: 95
    sli:
      raw:
        error_ratio_query: sum(rate(idle_total[{{.window}}])) / sum(rate(idle_total[{{.window}}]))
"""
_OPENSLO: Final = """\
apiVersion: openslo/v1alpha
kind: SLO
metadata: {name: NAME}
spec:
  service: others
  budgetingMethod: METHOD
  objectives:
    - ratioMetrics:
        incremental: true
        good: {source: prometheus, queryType: promql, query: GOOD}
        total: {source: prometheus, queryType: promql, query: asked_total}
      target: 0.95
      SLICE
"""
_UP: Final = 'up{job="x", instance="y"}'
# One sample in 15 s: an event a second, of which every tenth fails; a part of a gauge that is low.
_SERIES: Final = {
    _UP: "1x240",
    'asked_total{job="x", instance="y"}': "0+15x240",
    'failed_total{job="x", instance="y"}': "0+1.5x240",
    'good_total{job="x", instance="y"}': "0+15x180 2700x60",
    # Born with the failures of its first 15 seconds.
    'refused_total{job="x", instance="y"}': "_x200 15+15x40",
    'satisfaction{room="1"}': "0.9x240",
    'satisfaction{room="2"}': "0.3x240",
    'idle_total{job="x", instance="y"}': "7x240",
}


def _openslo(name: str, method: str, good: str, slice_: str = "") -> str:
    text = _OPENSLO.replace("NAME", name).replace("METHOD", method).replace("GOOD", good)
    return text.replace("SLICE", slice_)


def _expected(name: str, slo: str, value: float | None) -> dict[str, object]:
    asked = f'round(sum({name}{{service="others", slo="{slo}"}}), 0.001)'
    samples = [] if value is None else [{"labels": "{}", "value": value}]
    return {"expr": asked, "eval_time": "1h", "exp_samples": samples}


def test_each_way_of_counting_gives_its_share_of_failures(tmp_path: Path) -> None:
    """Over the last half hour, or five minutes; and what is not measured has no value."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    sliced = "timeSliceWindow: 1m"
    files = {
        "sloth.yml": _SLOTH,
        "none.yml": _openslo("none-good", "Occurrences", "never_total"),
        "good.yml": _openslo("good", "Occurrences", "good_total"),
        "slices.yml": _openslo(
            "slices", "Timeslices", "good_total", f"{sliced}\n      timeSliceTarget: 0.9"
        ),
        "average.yml": _openslo("average", "RatioTimeslices", "good_total", sliced),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "made").mkdir()
    made = _records(rules(load_files([tmp_path], load_configuration())))
    (tmp_path / "made/others.rules").write_text(yaml.safe_dump({"groups": made}))
    test = {
        "interval": "15s",
        "input_series": [{"series": name, "values": each} for name, each in _SERIES.items()],
        "promql_expr_test": [
            _expected("slo:sli_error:ratio_rate30m", "increase", 0.1),
            _expected("slo:total_events:rate5m", "increase", 1),
            _expected("slo:bad_events:rate5m", "first-failures", 1),
            _expected("slo:sli_error:ratio_rate30m", "threshold", 0),
            _expected("slo:sli_error:ratio_rate30m", "by-instance", 0.1),
            _expected("slo:sli_error:ratio_rate30m", "samples", 0.5),
            _expected("slo:sli_error:ratio_rate30m", "ratio", 0.4),
            _expected("slo:total_events:rate5m", "ratio", 1),
            _expected("slo:sli_error:ratio_rate30m", "silent", None),
            _expected("slo:sli_error:ratio_rate30m", "none-good", 1),
            _expected("slo:sli_error:ratio_rate30m", "good", 0.5),
            _expected("slo:sli_error:ratio_rate5m", "slices", 1),
            _expected("slo:sli_error:ratio_rate5m", "average", 1),
        ],
    }
    content = {
        "rule_files": ["others.rules"],
        "evaluation_interval": "15s",
        "group_eval_order": [group["name"] for group in made],
        "tests": [test],
    }
    (tmp_path / "made/test.yml").write_text(yaml.safe_dump(content))

    done = subprocess.run(
        ["promtool", "test", "rules", str(tmp_path / "made/test.yml")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def _records(text: str) -> list[dict[str, Any]]:
    """Return what counts events, in its order; promtool takes minutes for the rest."""
    groups = yaml.safe_load(text)["groups"]
    kept = [
        {**group, "rules": [rule for rule in group["rules"] if "record" in rule]}
        for group in groups
        if not group["name"].endswith(("-tickets", "-routes"))
    ]
    return sorted(kept, key=lambda group: not group["name"].endswith("-recovery"))
