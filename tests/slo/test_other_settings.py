"""All that is generated for a team with other settings: no number of the shipped ones is left."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from burnrate.configuration import Configuration, load_configuration
from burnrate.slo.generator import Tree, generated
from burnrate.slo.specification import Service, load_all
from grafana.build import dashboards, render
from grafana.promises import Promises
from tests.servers.processes import ROOT
from tests.support.copies import others

_SHIPPED = load_configuration()
# Primes and the like, so that none of them comes about by chance.
_OWN = """\
period_days: 11
minimum_failures: 17
low_budget: 0.37
tiers:
  - {name: Fast, severity: page, long: 2h, short: 30m, budget: 0.23}
  - {name: Slow, severity: ticket, long: 1d, short: 6h, budget: 0.29}
"""
# The shipped tiers' factors, the low budget and the latency threshold, and the shares that follow.
_OLD = ("14.4", "0.25", "250 ms", "0.0144", "0.144", "99.9 %", "0.999", "30 days", "2592000")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with another period, other objectives, another threshold and other tiers."""
    folder = tmp_path_factory.mktemp("other")
    for name in ("prometheus", "alerting", "docs", "loki"):
        shutil.copytree(ROOT / name, folder / name, ignore=others)
    (folder / "burnrate.yml").write_text(_OWN)
    specification = folder / "prometheus/slo/api.yml"
    text = specification.read_text()
    for old, new in (
        ("objective: 99.9\n", "objective: 99.7\n"),
        ("objective: 99\n", "objective: 98\n"),
        ('le="0.25"', 'le="0.5"'),
        ("within 250 ms", "within half a second"),
    ):
        assert old in text
        text = text.replace(old, new)
    specification.write_text(text)
    return folder


@pytest.fixture(scope="module")
def configuration(root: Path) -> Configuration:
    """What its burnrate.yml says."""
    return load_configuration(root)


@pytest.fixture(scope="module")
def services(root: Path, configuration: Configuration) -> list[Service]:
    """Its specifications."""
    return load_all(root / "prometheus/slo", configuration)


@pytest.fixture(scope="module")
def rules(root: Path, services: list[Service], configuration: Configuration) -> dict[str, str]:
    """Each generated file that is there, by its name."""
    made = generated(Tree(root), services, configuration)
    return {path.name: text for path, text in made.items() if text is not None}


def _numbers(text: str) -> Iterator[str]:
    for old in _OLD:
        if re.search(rf"(?<![\d.]){re.escape(old)}(?![\d.])", text):
            yield old


def test_no_rule_test_or_table_has_a_number_of_the_shipped_settings(rules: dict[str, str]) -> None:
    """Thresholds, texts, recorded constants, promtool tests, docs/slo-detection.md."""
    made = {name: text for name, text in rules.items() if "slo-" in name}

    assert {"slo-api-latency.yml", "slo-detection.md", "slo-api-latency-fast_test.yml"} <= set(made)
    assert {name: found for name, text in made.items() if (found := list(_numbers(text)))} == {}


def test_no_dashboard_has_a_number_of_the_shipped_settings(
    services: list[Service], configuration: Configuration
) -> None:
    """Nor a panel of windows that no alert judges."""
    promises = Promises.of(configuration, services)

    made = {name: render(page) for name, page in dashboards(promises).items()}

    own = {name: text for name, text in made.items() if name in {"overview.json", "logs.json"}}
    assert {name: found for name, text in own.items() if (found := list(_numbers(text)))} == {}
    titles = [panel["title"] for panel in json.loads(made["overview.json"])["panels"]]
    drawn = [title for title in titles if title.startswith("Burn rate")]
    assert drawn == ["Burn rate, 2h and 30m", "Burn rate, 1d and 6h"]
    assert "vector(0.5)" in made["logs.json"]


def test_the_generated_rules_keep_the_new_promises(root: Path, rules: dict[str, str]) -> None:
    """Promtool runs the tests that were generated with them: detection, end, silence."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    tests = [name for name in rules if name.startswith("slo-api-latency-") and "_test" in name]
    for name, text in rules.items():
        folder = "tests" if "_test" in name else "rules"
        (root / "prometheus" / folder / name).write_text(text)

    assert sorted(tests) == [
        f"slo-api-latency-{which}_test.yml" for which in ("fast", "healthy", "slow")
    ]
    for name in tests:
        done = subprocess.run(
            ["promtool", "test", "rules", str(root / "prometheus/tests" / name)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_each_number_stands_in_one_place() -> None:
    """In the sources: what is generated or measured, tests and decisions aside."""
    others = ["tests", "requirements", "docs/decisions", "docs/performance.json", "docs/images"]
    done = subprocess.run(
        ["git", "grep", "-nwF", "14.4", "--", ".", *(f":!{path}" for path in others)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    written = [
        line
        for line in done.stdout.splitlines()
        if not _is_generated((ROOT / line.partition(":")[0]).read_text())
        and "/dashboards/" not in line
    ]

    assert [line.partition(":")[0] for line in written] == ["burnrate.yml"]


def _is_generated(text: str) -> bool:
    return any(word in text[:200] for word in ("Generated by", "Written by `"))
