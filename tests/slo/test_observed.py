"""A service of the stack's own folder that is observed: `mode: observe`."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from burnrate.configuration import load_configuration
from burnrate.slo.generator import Tree, generated, write
from burnrate.slo.specification import load_all
from tests.servers.processes import ROOT

_SPEC = """version: prometheus/v1
service: shop
slos:
  - name: checkout
    objective: 99
    sli:
      events:
        error_query: sum(rate(hits_total{job="shop", code="500"}[{{.window}}]))
        total_query: sum(rate(hits_total{job="shop"}[{{.window}}]))
"""


def _generate(tree: Tree, mode: str) -> None:
    (tree.specs / "shop.settings.yml").write_text(
        f"version: burnrate/v1\njob: shop\nmode: {mode}\n"
    )
    configuration = load_configuration(tree.root)
    write(generated(tree, load_all(tree.specs, configuration), configuration))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A checkout with one service, whose alerts are on."""
    tree = Tree(tmp_path)
    for folder in (tree.specs, tree.alertmanager.parent):
        folder.mkdir(parents=True)
    shutil.copy(Tree(ROOT).alertmanager, tree.alertmanager)
    (tree.specs / "shop.yml").write_text(_SPEC)
    _generate(tree, "alert")
    return tree


def test_its_alerts_and_their_tests_go(tree: Tree) -> None:
    """Those about its processes too; the inhibition of others stays, and the page says it."""
    before = {path.name for path in tree.rules.iterdir()}
    inhibition = tree.alertmanager.read_text()

    _generate(tree, "observe")

    assert before == {"slo-shop.yml", "slo-shop-checkout.yml"}
    assert {path.name for path in tree.rules.iterdir()} == before
    assert [path.name for path in tree.tests.iterdir()] == ["slo-shop-checkout-healthy_test.yml"]
    texts = [(tree.rules / name).read_text() for name in before]
    groups = [group for text in texts for group in yaml.safe_load(text)["groups"]]
    rules = [rule for group in groups for rule in group["rules"]]
    assert [rule for rule in rules if "alert" in rule] == []
    assert tree.alertmanager.read_text() == inhibition
    assert "It has no alert about its budget's pace." in tree.table.read_text()


def test_its_budget_is_counted(tree: Tree) -> None:
    """The generated test of a healthy service says so."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    _generate(tree, "observe")
    (test,) = tree.tests.iterdir()

    done = subprocess.run(
        ["promtool", "test", "rules", str(test)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
