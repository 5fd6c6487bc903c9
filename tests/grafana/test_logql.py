"""LogQL by Grafana's own grammar, which needs node and, the first time, npm's registry."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.grafana.panels import ROOT, all_queries, fill

_HERE = Path(__file__).parent
_VALUES = {
    "service": "x", "route": ".*", "request_id": "", "trace_id": "", "search": "",
}  # fmt: skip
_RULES = [
    rule["expr"]
    for path in sorted((ROOT / "loki/rules").rglob("*.yml"))
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
]
_PANELS = [fill(query.text, _VALUES) for query in all_queries() if query.kind == "loki"]


@pytest.fixture(scope="module")
def node() -> str:
    """Node, with the grammar installed."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        pytest.skip("node and npm are not installed: LogQL is unchecked by Grafana's grammar")
    if not (_HERE / "node_modules/@grafana/lezer-logql").is_dir():
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=_HERE, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip("npm cannot install the grammar: LogQL is unchecked by Grafana's grammar")
    return program


def _stumbles(node: str, queries: list[str]) -> list[int]:
    done = subprocess.run(
        [node, "logql.mjs"],
        cwd=_HERE, input=json.dumps(queries), capture_output=True, text=True, check=True,
    )  # fmt: skip
    positions: list[int] = json.loads(done.stdout)
    return positions


@pytest.mark.timeout(120)
def test_logql_is_valid(node: str) -> None:
    """Of every panel and of every rule."""
    queries = [*_PANELS, *_RULES]
    positions = _stumbles(node, queries)

    assert len(queries) >= 10
    wrong = {q: q[at:] for q, at in zip(queries, positions, strict=True) if at >= 0}
    assert wrong == {}


@pytest.mark.parametrize("query", ['{service="x"', 'sum(rate({service="x"}))', "{a=b}"])
def test_grammar_finds_what_is_wrong(node: str, query: str) -> None:
    """A check that nothing fails is none."""
    (position,) = _stumbles(node, [query])

    assert position >= 0
