"""`burnrate slo backtest` on a real Prometheus, beside promtool on the same counters."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from burnrate.slo.commands import slo
from tests.slo.backtest.written_history import (
    BEGIN,
    SAMPLES,
    Course,
    Instance,
    input_series,
    prometheus_with,
    write_blocks,
)

pytestmark = pytest.mark.integration

_EVENTS = """\
version: prometheus/v1
service: shop
slos:
  - name: availability
    objective: OBJECTIVE
    sli:
      events:
        error_query: ERRORS
        total_query: sum(rate(answers_total{job="shop"}[{{.window}}]))
    alerting: {name: ShopFails}
"""
_FAILED = 'sum(rate(answers_total{job="shop", code="500"}[{{.window}}]))'
_SLOW = (
    'sum(rate(seconds_count{job="shop"}[{{.window}}]))'
    ' - sum(rate(seconds_bucket{job="shop", le="0.5"}[{{.window}}]))'
)
_SETTINGS = """\
version: burnrate/v1
job: shop
slos:
  availability:
    kind: ratio
    by_route:
      counted: answers_total{job="shop"}
      failed: answers_total{job="shop", code="500"}
      route: route
      labels: [route]
"""
_HOURS = 7
_KINDS = {
    "good": 'answers_total{code="200", route="/"}',
    "bad": 'answers_total{code="500", route="/"}',
    "carts": 'answers_total{code="500", route="/carts"}',
    "all": "seconds_count",
    "fast": 'seconds_bucket{le="0.5"}',
}


def _minutes(count: float) -> int:
    return round(count * 60 / SAMPLES)


def _course() -> Course:
    """Two processes: failures, an outage, restarts, a hole in what is known, one failing route."""
    first, second = (Instance(f'job="shop", instance="{name}"', _KINDS) for name in "ab")
    good = {"good": 30, "all": 30, "fast": 30}
    second.unseen(_minutes(50))
    first.run(_minutes(40), good)
    first.run(_minutes(10), {"good": 28, "bad": 2, "all": 30, "fast": 28})
    for each in (first, second):
        each.run(_minutes(30), good)
    # Both are down, one comes back as another process that fails at once.
    for each in (first, second):
        each.run(_minutes(12), is_up=False)
    second.restart()
    first.run(_minutes(30), {"good": 29, "bad": 1, "all": 30, "fast": 29})
    second.run(_minutes(30), {"bad": 10, "all": 10})
    # Nobody looks for twenty minutes, while both go on and one begins anew.
    for each in (first, second):
        each.unseen(_minutes(20))
    first.restart()
    first.run(_minutes(25), good)
    second.run(_minutes(25), {"carts": 0.05, **good})
    # Night: a request a minute, and all fail for a while.
    for each in (first, second):
        for minute in range(100):
            failing = 40 <= minute < 70 and each is first
            each.run(_minutes(1) - 1)
            each.run(1, {"bad": 1, "all": 1} if failing else {"good": 1, "all": 1, "fast": 1})
    left = _HOURS * 3600 // SAMPLES + 1 - first.samples
    first.run(left, good)
    second.run(left, {"carts": 0.2, **good})
    return {**first.series, **second.series}


COURSE = _course()
# Pages that Prometheus does not evaluate at each of promtool's steps.
_EACH_MINUTE = {"RouteFailing", "ShopFailsHigh"}


@dataclass(frozen=True)
class Past:
    """A Prometheus with the course as its past, and how long that is."""

    url: str

    def backtest(self, *arguments: str, until: str = "2024-09-01T07:00:00") -> Result:
        """Run the command over a day, in the working directory; by default over the course."""
        given = ["backtest", *arguments, "--prometheus", self.url, "--until", until]
        return CliRunner().invoke(slo, [*given, "--days", "1"])


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """One server for all tests of this module."""
    for program in ("promtool", "prometheus"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (Debian: prometheus)")
    folder = tmp_path_factory.mktemp("past")
    write_blocks(COURSE, folder)
    with prometheus_with(folder) as url:
        yield Past(url)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _write(folder: Path, errors: str, team: str = "", objective: str = "99.9") -> None:
    text = _EVENTS.replace("OBJECTIVE", objective).replace("ERRORS", errors)
    if errors == _SLOW:
        text = text.replace('answers_total{job="shop"}', 'seconds_count{job="shop"}')
    (folder / "shop.yml").write_text(text)
    (folder / "shop.settings.yml").write_text(_SETTINGS)
    (folder / "burnrate.yml").write_text(team or "low_budget: 0.25\n")


def _asked(alert: str, seconds: int, *, fires: bool) -> dict[str, Any]:
    firing = f'ALERTS{{alertname="{alert}", alertstate="firing"}}'
    return {
        "expr": f"count({firing}) or vector(0)",
        "eval_time": f"{seconds}s",
        "exp_samples": [{"labels": "{}", "value": int(fires)}],
    }


def _expectations(alerts: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield what promtool has to find at the beginnings and the ends of what was found."""
    lengths: dict[str, int] = {}
    for each in alerts:
        name, begin = each["alert"], each["begin"] - BEGIN
        end = _HOURS * 3600 if each["end"] is None else each["end"] - BEGIN
        # promtool evaluates all groups each time, Prometheus these once in so many seconds.
        slack = {"ticket": 120, "page": 60 if name in _EACH_MINUTE else SAMPLES}[each["severity"]]
        yield from (
            _asked(name, max(begin - slack, 0), fires=False),
            _asked(name, begin, fires=True),
            _asked(name, end - slack, fires=True),
        )
        if each["end"] is not None:
            yield _asked(name, end, fires=False)
            lengths[name] = lengths.get(name, 0) + (end - begin) // SAMPLES
        else:
            lengths[name] = lengths.get(name, 0) + (end - begin) // SAMPLES + 1
    for name, length in lengths.items():
        if name in {"ShopFailsFast", "ServiceDown"}:
            # And at no other time.
            firing = f'ALERTS{{alertname="{name}", alertstate="firing"}}'
            yield {
                "expr": f"sum(count_over_time({firing}[{_HOURS}h]))",
                "eval_time": f"{_HOURS}h",
                "exp_samples": [{"labels": "{}", "value": length}],
            }


def _promtool(folder: Path, expected: list[dict[str, Any]]) -> str:
    """Let promtool test the written rules on the course; return what it says of a failure."""
    rules = yaml.safe_load((folder / "rules.yml").read_text())
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        # What alerts say is asked at each evaluation, and not what is tested here.
        rule.pop("annotations", None)
    (folder / "rules.yml").write_text(yaml.safe_dump(rules))
    content = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": f"{SAMPLES}s",
        "group_eval_order": [group["name"] for group in rules["groups"]],
        "tests": [
            {
                "interval": f"{SAMPLES}s",
                "input_series": input_series(COURSE),
                "promql_expr_test": expected,
            }
        ],
    }
    (folder / "course_test.yml").write_text(yaml.safe_dump(content))
    done = subprocess.run(
        ["promtool", "test", "rules", str(folder / "course_test.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize(
    ("errors", "team"),
    [(_SLOW, ""), (_FAILED, "engine: victoriametrics\n")],
    ids=["ledger", "increase"],
)
def test_alerts_are_found_when_promtool_finds_them(
    past: Past, folder: Path, errors: str, team: str
) -> None:
    """Each begins and ends at the same evaluation, and the budget is the same."""
    _write(folder, errors, team)
    generated = CliRunner().invoke(slo, ["generate", "shop.yml", "-o", "-"])
    (folder / "rules.yml").write_text(generated.stdout)

    done = past.backtest("shop.yml", "--json")

    assert done.exit_code == 0, done.output
    (found,) = json.loads(done.stdout)["new"]
    pages = {each["alert"] for each in found["alerts"] if each["severity"] == "page"}
    assert pages == {"ShopFailsFast", "ShopFailsHigh", "ServiceDown", "RouteFailing"}
    # SLIMissing too, which reads a record of whether anything is measured.
    assert found["not_looked_at"] == []
    # A rate needs two samples.
    assert found["first_measured"] - BEGIN in {0, SAMPLES}
    left = found["budget_left"][-1]
    close = f"abs(slo:period_error_budget_remaining:ratio - {left['ratio']}) < bool 0.00001"
    budget = {
        "expr": f"sum({close})",
        "eval_time": f"{left['at'] - BEGIN}s",
        "exp_samples": [{"labels": "{}", "value": 1}],
    }
    assert _promtool(folder, [*_expectations(found["alerts"]), budget]) == ""


def test_an_old_specification_stands_beside_the_new_one(past: Past, folder: Path) -> None:
    """With what either would have sent and what both, both budgets, and how much there was."""
    _write(folder, _FAILED)
    (folder / "shop.yml").rename(folder / "old.yml")
    (folder / "shop.settings.yml").rename(folder / "old.settings.yml")
    _write(folder, _FAILED, objective="90")

    done = past.backtest("shop.yml", "--against", "old.yml", "--step", "60")

    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "# shop: availability, 99.9 % in 30 days -> 90 % in 30 days"
    assert "evaluated every 60 s, of samples 15 s apart" in lines[2]
    assert lines[3] == "There is history since 2024-09-01 00:00:00 only: 7.0 h of 24.0 h."
    # Prometheus 3 no longer finds a sample that is exactly five minutes old: a minute in each hole.
    assert lines[4] in [f"Nothing was measured for {n} min of that, in all." for n in (12, 14)]
    counts = [line for line in lines if line.startswith(("old: ", "new: "))]
    assert len(counts) == 2
    rows = [line.split() for line in lines if line.startswith("  2024")]
    alerts = {(row[-2], row[-1]) for row in rows if "%" not in row}
    assert ("ShopFailsFast", "old") in alerts
    assert ("ServiceDown", "both") in alerts
    _, _, old, _, new, _ = rows[-1]
    assert float(old) < 80
    assert float(new) > 99


def test_what_is_observed_has_a_budget_and_no_alert(past: Past, folder: Path) -> None:
    """As its rules would have it."""
    _write(folder, _FAILED)
    (folder / "shop.settings.yml").write_text("version: burnrate/v1\njob: shop\nmode: observe\n")

    done = past.backtest("shop.yml", "--json")

    (found,) = json.loads(done.stdout)["new"]
    assert found["alerts"] == []
    assert found["budget_left"][-1]["ratio"] < 0.8


def test_a_prometheus_without_such_series_is_said(past: Past, folder: Path) -> None:
    """Silence is not health."""
    _write(folder, _FAILED.replace("answers", "orders"))
    text = (folder / "shop.yml").read_text().replace("answers", "orders")
    (folder / "shop.yml").write_text(text)

    done = past.backtest("shop.yml")

    assert done.exit_code == 1
    assert "Nothing was measured in all that time." in done.stdout
    assert "no alert (nothing was measured)" in done.stdout
    assert "holds nothing that these SLOs count" in done.stderr


def test_what_is_no_longer_measured_is_not_said_to_be_well(past: Past, folder: Path) -> None:
    """Days after the last sample: no alert could have come, and no budget is known."""
    _write(folder, _FAILED)

    done = past.backtest("shop.yml", "--step", "60", until="2024-09-04")
    document = past.backtest("shop.yml", "--step", "60", "--json", until="2024-09-04")

    assert done.exit_code == document.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[3] == "Nothing was measured in all that time."
    assert [line.split(maxsplit=2)[2] for line in lines if line.startswith("  2024-09-04")] == [
        "not known"
    ]
    found = json.loads(document.stdout)
    assert found["ok"] is False
    assert "holds nothing" in found["errors"][0]["reason"]
    assert found["new"][0]["measured_days"] == 0
    assert {each["ratio"] for each in found["new"][0]["budget_left"]} == {None}


def test_an_old_specification_that_counted_nothing_is_not_said_to_be_well(
    past: Past, folder: Path
) -> None:
    """What it would have sent is not known; what is in only one of them is listed in order."""
    _write(folder, _FAILED)
    text = (folder / "shop.yml").read_text()
    gone = "".join(text.partition("slos:\n")[2].replace("availability", name) for name in "zyx")
    (folder / "old.yml").write_text(text.replace("answers", "orders") + gone)

    done = past.backtest("shop.yml", "--against", "old.yml", "--step", "60")

    assert done.exit_code == 0, done.output
    assert "old: no alert (nothing was measured)" in done.stdout.splitlines()
    assert done.stdout.splitlines()[-3:] == [f"shop {name} is gone." for name in "zyx"]


def test_a_password_is_never_shown(folder: Path) -> None:
    """The address is, where nobody answers."""
    _write(folder, _FAILED)
    given = ["backtest", "shop.yml", "--prometheus", "http://me:hush@127.0.0.1:1/prom"]

    done = CliRunner().invoke(slo, given)

    assert done.exit_code == 1
    assert "Prometheus does not answer at http://127.0.0.1:1/prom: " in done.stderr
    assert "hush" not in done.output


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("other.yml", "", "Prometheus does not answer at http://127.0.0.1:1: "),
        ("shop.yml", "version: nonsense\n", "version"),
        ("burnrate.yml", "nonsense: 1\n", "nonsense"),
    ],
)
def test_programs_are_told_what_is_wrong(folder: Path, name: str, text: str, reason: str) -> None:
    """On stdout is one document, whatever happens; people read the same on stderr."""
    _write(folder, _FAILED)
    (folder / name).write_text(text)
    given = ["backtest", "shop.yml", "--prometheus", "http://127.0.0.1:1", "--json"]

    done = CliRunner().invoke(slo, given)

    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert (found["ok"], found["new"], found["old"]) == (False, [], [])
    (error,) = found["errors"]
    assert reason in error["path"] + error["reason"]
    assert error["reason"] in done.stderr


@pytest.mark.parametrize(
    ("until", "days", "reason"),
    [
        ("9999-12-31", "1", "it is in the future"),
        ("1970-01-03", "1", "the days would begin before 1970"),
        ("0001-01-02", "400", "the days would begin before 1970"),
        ("2024-09-01", "0", "0 is not in the range"),
        ("2024-13-01", "1", "does not match the formats"),
    ],
)
def test_days_that_cannot_be_are_refused(folder: Path, until: str, days: str, reason: str) -> None:
    """Before anything is asked."""
    _write(folder, _FAILED)
    given = ["backtest", "shop.yml", "--prometheus", "http://127.0.0.1:1"]

    done = CliRunner().invoke(slo, [*given, "--until", until, "--days", days])

    assert done.exit_code == 2
    assert reason in " ".join(done.stderr.split())
