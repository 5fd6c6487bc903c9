"""LogQL and TraceQL by Grafana's own grammars: node, and npm's registry the first time."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.grafana.panels import ROOT, all_queries, fill

_HERE = Path(__file__).parent
_VALUES = {
    "twice": "^nginx.access$",
    "service": "x", "route": ".*", "request_id": "", "trace_id": "", "search": "", "slow": "0.5",
}  # fmt: skip
_RULES = [
    rule["expr"]
    for path in sorted((ROOT / "loki/rules").rglob("*.yml"))
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
]
_LOGQL = [*(fill(q.text, _VALUES) for q in all_queries() if q.kind == "loki"), *_RULES]
_TRACEQL = [fill(q.text, _VALUES) for q in all_queries() if q.kind == "tempo"]


@pytest.fixture(scope="module")
def node() -> str:
    """Node, with the grammars installed."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        pytest.skip("node and npm are not installed: LogQL and TraceQL are unchecked")
    if not (_HERE / "node_modules/@grafana/lezer-traceql").is_dir():
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=_HERE, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip("npm cannot install the grammars: LogQL and TraceQL are unchecked")
    return program


def _stumbles(node: str, language: str, queries: list[str]) -> list[int]:
    done = subprocess.run(
        [node, "grammar.mjs", language],
        cwd=_HERE, input=json.dumps(queries), capture_output=True, text=True, check=True,
    )  # fmt: skip
    positions: list[int] = json.loads(done.stdout)
    return positions


@pytest.mark.parametrize(
    ("language", "queries"),
    [pytest.param("logql", _LOGQL, id="logql"), pytest.param("traceql", _TRACEQL, id="traceql")],
)
def test_queries_are_valid(node: str, language: str, queries: list[str]) -> None:
    """Of every panel and of every rule."""
    positions = _stumbles(node, language, queries)

    assert len(queries) >= 3
    wrong = {q: q[at:] for q, at in zip(queries, positions, strict=True) if at >= 0}
    assert wrong == {}


@pytest.mark.parametrize(
    ("language", "query"),
    [
        ("logql", '{service="x"'),
        ("logql", 'sum(rate({service="x"}))'),
        ("logql", "{a=b}"),
        ("traceql", '{ span.http.route = "/x" '),
        ("traceql", "{ status == error }"),
        ("traceql", "{ a = 1 && }"),
    ],
)
def test_grammar_finds_what_is_wrong(node: str, language: str, query: str) -> None:
    """A check that nothing fails is none."""
    (position,) = _stumbles(node, language, [query])

    assert position >= 0
