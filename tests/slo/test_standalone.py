"""`burnrate slo generate FILE... --output` and `slo check FILE...`, where no checkout is."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from burnrate.slo.commands import slo
from burnrate.slo.generator.files import rules_text
from tests.servers.processes import ROOT

_SPEC = """\
version: prometheus/v1
service: team/shop
labels: {tier: 2}
slos:
  - name: availability
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(answers_total{code=~"5.."}[{{.window}}]))
        total_query: sum(rate(answers_total[{{.window}}]))
    alerting:
      name: ShopFails
      labels: {channel: carts}
      page_alert: {labels: {severity: wake}}
      ticket_alert: {disable: true}
  - name: satisfaction
    objective: 90
    sli: {raw: {error_ratio_query: "1 - avg_over_time(satisfied_ratio[{{.window}}])"}}
    alerting:
      page_alert: {disable: true}
      ticket_alert: {disable: true}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory with one specification."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.yaml").write_text(_SPEC)
    return tmp_path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(slo, arguments)


def _alerts(path: Path) -> list[dict[str, Any]]:
    groups = yaml.safe_load(path.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def test_one_file_is_enough(folder: Path) -> None:
    """One file of rules for each SLO, which Prometheus loads; notes go to stderr."""
    done = _run("generate", "shop.yaml", "--output", "rules")

    assert done.exit_code == 0, done.output
    names = ["slo-team-shop-availability.yml", "slo-team-shop-satisfaction.yml"]
    assert done.stdout.splitlines() == [f"wrote {name}" for name in names]
    assert "satisfaction: an error ratio knows no events" in done.stderr
    assert sorted(path.name for path in (folder / "rules").iterdir()) == names
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    files = [str(folder / "rules" / name) for name in names]
    checked = subprocess.run(
        ["promtool", "check", "rules", *files], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


def test_alerts_are_what_the_file_says(folder: Path) -> None:
    """The team's severity and labels on all pages; what is disabled is not written at all."""
    _run("generate", "shop.yaml", "--output", "rules")

    fired = _alerts(folder / "rules/slo-team-shop-availability.yml")
    assert {rule["labels"]["severity"] for rule in fired} == {"wake"}
    assert {rule["labels"]["tier"] for rule in fired} == {"2"}
    assert all(rule["labels"]["channel"] == "carts" for rule in fired)
    assert _alerts(folder / "rules/slo-team-shop-satisfaction.yml") == []


def test_rules_can_go_to_stdout(folder: Path) -> None:
    """All of them as one file."""
    done = _run("generate", "shop.yaml", "-o", "-")

    assert done.exit_code == 0
    recorded = {
        rule["labels"]["slo"]
        for group in yaml.safe_load(done.stdout)["groups"]
        for rule in group["rules"]
        if rule.get("record") == "slo:objective:ratio"
    }
    assert recorded == {"availability", "satisfaction"}
    assert sorted(path.name for path in folder.iterdir()) == ["shop.yaml"]


def test_pages_know_whose_an_objective_is(folder: Path) -> None:
    """By one record; on all others the label would begin their history anew."""
    settings = "version: burnrate/v1\nlabels: {team: carts}\n"
    (folder / "shop.settings.yaml").write_text(settings)
    rules = [
        rule
        for group in yaml.safe_load(_run("generate", "shop.yaml", "-o", "-").stdout)["groups"]
        for rule in group["rules"]
    ]
    of_team = [rule for rule in rules if rule["labels"].get("team") == "carts"]
    records = [rule["record"] for rule in of_team if "record" in rule]
    assert records == ["slo:objective:ratio"] * 2
    assert any("alert" in rule for rule in of_team)


def test_check_shows_what_would_change(folder: Path) -> None:
    """In CI, with the committed rules."""
    _run("generate", ".", "-o", "rules")
    (folder / "shop.yaml").write_text(_SPEC.replace("99.9", "99.5"))

    done = _run("generate", "shop.yaml", "-o", "rules", "--check")

    assert done.exit_code == 1
    assert "+    expr: vector(0.995)" in done.output


def test_files_and_output_belong_together(folder: Path) -> None:
    """Rules of others never get into this checkout by accident."""
    assert _run("generate", str(folder / "shop.yaml")).exit_code == 2
    assert _run("generate", "-o", "-").exit_code == 2


def test_check_lists_every_file_that_is_wrong(folder: Path) -> None:
    """For people one line each, for programs all of it; exit 1."""
    (folder / "bad.yml").write_text(_SPEC.replace("99.9", "20"))
    (folder / "worse.yml").write_text("a: [\n")

    shown = _run("check", ".")
    told = json.loads(_run("check", ".", "--json").stdout)

    assert shown.exit_code == 1
    assert "team/shop: 2 SLOs" in shown.stdout
    assert [line for line in shown.stderr.splitlines() if line.startswith("burnrate: ")] == [
        next(line for line in shown.stderr.splitlines() if "bad.yml:6: slos[0].obj" in line),
        next(line for line in shown.stderr.splitlines() if "worse.yml:2: " in line),
    ]
    assert told["ok"] is False
    assert [(each["file"], each["line"]) for each in told["errors"]] == [
        ("bad.yml", 6),
        ("worse.yml", 2),
    ]
    (service,) = told["services"]
    first, second = service["slos"]
    assert [alert["name"] for alert in first["alerts"]] == ["ShopFailsFast", "ShopFailsHigh"]
    assert {alert["severity"] for alert in first["alerts"]} == {"wake"}
    assert (second["counts"], second["alerts"]) == ("time", [])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--prometheus", "http://127.0.0.1:9"], "Prometheus does not answer"),
        (["--prometheus", "nowhere"], "Prometheus does not answer"),
        (["--root", "wrong"], "wrong/burnrate.yml"),
    ],
)
def test_what_keeps_a_check_from_its_end_is_in_the_document(
    folder: Path, options: list[str], reason: str
) -> None:
    """Programs read one document, whatever goes wrong."""
    (folder / "wrong").mkdir()
    (folder / "wrong/burnrate.yml").write_text("version: nothing\n")

    done = _run("check", "shop.yaml", "--json", *options)

    told = json.loads(done.stdout)
    assert (done.exit_code, told["ok"]) == (1, False)
    assert reason in told["errors"][-1]["reason"]
    assert told["errors"][-1]["file"] is None


def test_check_without_files_looks_at_the_checkout() -> None:
    """Whose own specification is right."""
    told = json.loads(_run("check", "--root", str(ROOT), "--json").stdout)

    assert told["ok"] is True
    assert [each["service"] for each in told["services"]] == ["api"]


def test_two_slos_of_one_name_are_refused(folder: Path) -> None:
    """Their records would be the same series."""
    (folder / "other.yml").write_text(_SPEC)

    done = _run("generate", ".", "-o", "rules")

    assert done.exit_code == 1
    assert "team/shop has an SLO named 'availability' already" in done.stderr


@pytest.mark.parametrize("output", ["rules", "-"])
@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        # Of one service in one file, in two files, and of two services.
        ("", _SPEC.replace("satisfaction\n", "a/b\n").replace("availability", "a-b"), "'a/b'"),
        (_SPEC.replace("availability", "a/b"), _SPEC.replace("availability", "a-b"), "'a/b'"),
        (_SPEC.replace("team/", "team-"), _SPEC, "another SLO writes slo-team-shop-avail"),
    ],
)
def test_no_slo_takes_the_file_of_another(
    folder: Path, first: str, second: str, said: str, output: str
) -> None:
    """It would be lost in silence; and in one file Prometheus wants a name for each group."""
    if first:
        first = first.partition("  - name: satis")[0]
        (folder / "first.yml").write_text(first)
    (folder / "shop.yaml").write_text(second)

    done = _run("generate", ".", "-o", output)

    assert done.exit_code == 1
    assert said in done.stderr


def test_what_is_no_file_is_refused_and_not_waited_for(folder: Path) -> None:
    """A pipe in a folder would be read until somebody writes to it."""
    os.mkfifo(folder / "pipe.yml")

    done = _run("check", ".")

    assert done.exit_code == 1
    assert "pipe.yml: is no file" in done.stderr


_ALONE = """\
import re, sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires

def needed(name, seen):
    name = re.match(r"[A-Za-z0-9._-]+", name)[0].lower().replace("_", "-")
    if name not in seen:
        seen.add(name)
        try:
            for each in requires(name) or []:
                "extra ==" in each or needed(each, seen)
        except PackageNotFoundError:
            pass
    return seen

own = {"burnrate-stack"}
for each in requires("burnrate-stack"):
    if re.search(r"extra == .slo.$", each):
        needed(each, own)
for each in ("prometheus-client", "pydantic-settings"):
    needed(each, own)
others = {
    top
    for top, names in packages_distributions().items()
    if not own & {name.lower().replace("_", "-") for name in names}
}

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in others:
            raise ModuleNotFoundError(name, name=name)

sys.meta_path.insert(0, Absent())
from burnrate.cli import command_line
for arguments in (["check", "shop.yaml"], ["generate", "shop.yaml", "-o", "rules"],
                  ["generate", "shop.yaml", "-o", "-"], ["explain", "shop.yaml"]):
    command_line(["slo", *arguments], standalone_mode=False)
assert "opentelemetry" in others and "starlette" in others and "psutil" in others
"""


def test_the_extra_slo_is_enough(folder: Path) -> None:
    """A team's CI installs it alone; nothing of telemetry, stack or service is imported."""
    done = subprocess.run(
        [sys.executable, "-c", _ALONE], cwd=folder, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert len(list((folder / "rules").iterdir())) == 2


def test_rules_of_slos_that_are_gone_are_removed(folder: Path) -> None:
    """Those of a file that is read; others are named, and what people wrote stays."""
    _run("generate", "shop.yaml", "-o", "rules")
    other = _SPEC.replace("team/shop", "bar")
    (folder / "bar.yml").write_text(other)
    _run("generate", "bar.yml", "-o", "rules")
    by_hand = folder / "rules/slo-by-hand.yml"
    by_hand.write_text("groups: []\n")
    (folder / "shop.yaml").write_text(_SPEC[: _SPEC.index("  - name: satisfaction")])

    shown = _run("generate", "shop.yaml", "-o", "rules", "--check")
    done = _run("generate", "shop.yaml", "-o", "rules")

    assert shown.exit_code == 1
    assert "--- slo-team-shop-satisfaction.yml" in shown.stdout
    assert done.stdout == "removed slo-team-shop-satisfaction.yml\n"
    assert done.stderr.count("left as it is: bar.yml, its source") == 2
    names = sorted(path.name for path in (folder / "rules").iterdir())
    assert names == [
        "slo-bar-availability.yml",
        "slo-bar-satisfaction.yml",
        "slo-by-hand.yml",
        "slo-team-shop-availability.yml",
    ]


def test_alerts_link_to_nobody_s_own_machine(folder: Path) -> None:
    """Without addresses there are no links, and that is said; with them there are."""
    done = _run("generate", "shop.yaml", "-o", "rules")
    without = (folder / "rules/slo-team-shop-availability.yml").read_text()
    (folder / "burnrate.yml").write_text("runbooks: https://wiki.example/runbooks\n")
    (folder / "shop.settings.yaml").write_text(
        "version: burnrate/v1\ndashboard_url: https://grafana.example/d/x\n"
    )
    _run("generate", "shop.yaml", "-o", "rules")
    rules = _alerts(folder / "rules/slo-team-shop-availability.yml")

    assert "alerts link to no runbook: give runbook_url" in done.stderr
    assert "localhost" not in without
    assert "_url" not in without
    for rule in rules:
        links = rule["annotations"]
        assert links["runbook_url"] == f"https://wiki.example/runbooks/{rule['alert']}"
        assert links["dashboard_url"].startswith("https://grafana.example/d/x?var-service=")


@pytest.mark.parametrize("whole", [True, False])
def test_what_is_observed_has_records_and_no_alerts(folder: Path, *, whole: bool) -> None:
    """A service, its processes too, or one of its SLOs; and that is said."""
    (folder / "shop.yaml").write_text(_SPEC.replace("disable: true", "disable: false"))
    one = "slos: {availability: {kind: ratio, mode: observe}}\n"
    (folder / "shop.settings.yaml").write_text(
        f"version: burnrate/v1\njob: shop\n{'mode: observe' if whole else one}\n"
    )

    done = _run("generate", "shop.yaml", "-o", "-")

    rules = [rule for group in yaml.safe_load(done.stdout)["groups"] for rule in group["rules"]]
    records = {rule["record"] for rule in rules if "record" in rule}
    alerts = {(rule["alert"], rule["labels"].get("slo")) for rule in rules if "alert" in rule}
    assert "availability: is observed: it has records and a budget, and no alert" in done.stderr
    assert {"slo:period_error_budget_remaining:ratio", "slo:sli_error:ratio_rate3d"} <= records
    assert "availability" not in {slo for _, slo in alerts}
    assert (not alerts) == whole
    assert (("ServiceDown", None) in alerts) == (not whole)


@pytest.mark.parametrize("end", ["\x85", "\u2028", "\u2029"])
def test_a_label_keeps_what_yaml_takes_for_the_end_of_a_line(end: str) -> None:
    """It came back as a blank, from some readers of YAML: it is written as an escape."""
    for value in (f"a{end} 'b'", f"a{end}b"):
        text = rules_text({"team": value}, "a test")
        assert yaml.safe_load(text) == {"team": value}
        assert end not in text
