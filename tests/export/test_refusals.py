"""What cannot be exported is refused by name, and nothing is written."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from burnrate.cli import command_line
from tests.servers.processes import ROOT

_SHORT = """\
service: shop
source: burnrate
objectives: {availability: 99.9%, latency: {objective: 99, threshold: 250ms}}
"""
_UNCLEAR = """\
version: prometheus/v1
service: shop
slos:
  - name: availability
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(a_total{job="a"}[{{.window}}]))
        total_query: sum(rate(b_total{job="b"}[{{.window}}]))
    alerting: {name: Burn}
"""
# As on a disk that is full when the folder is filled.
_FULL = """
import resource
from burnrate.cli import main
from burnrate.export import commands

def limited(*arguments):
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    return filled(*arguments)

filled, commands.filled = commands.filled, limited
main()
"""
_NO_JOB = _UNCLEAR.replace('{job="a"}', "").replace('{job="b"}', "")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with one short file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.yml").write_text(_SHORT.replace("99.9%", "{objective: 99.9}"))
    return tmp_path


def _export(*arguments: str, to: str = "prometheus") -> Result:
    return CliRunner().invoke(command_line, ["export", "--to", to, *arguments, "out"])


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("clustr=c1", "--set clustr: is not known; known are cluster, namespace, job"),
        ("cluster", "--set 'cluster': NAME=VALUE is needed"),
        ("cluster=", "NAME=VALUE is needed"),
        ("cluster=a,cluster=b", "--set cluster: is given twice"),
        ('namespace=a"b', "--set namespace:"),
        ("label.app/x y=1", "--set label.app/x y: String should match"),
        ("label.release=a/b", "--set label.release: String should match"),
        (f"label.release={'a' * 64}", "--set label.release: String should match"),
        ("inbox=burnrate-inbox:8090", "--set inbox:"),
        ("grafana=http://localhost:3000", "--set grafana: leads to the reader's own machine"),
        ("grafana=http://127.0.0.2:3000", "--set grafana: leads to the reader's own machine"),
        ("grafana=http://[::]:3000", "--set grafana: leads to the reader's own machine"),
        ("inbox=http://inbox.localhost", "--set inbox: leads to the reader's own machine"),
        ('inbox=https://in"box', "--set inbox: '\"' cannot be in an address"),
        ("grafana=https://g/{{.x}}", "--set grafana: '{' cannot be in an address"),
        ("grafana=https://g/a b", "--set grafana: ' ' cannot be in an address"),
        ("grafana=https://g:99999", "--set grafana: has a port that cannot be"),
        ("job=a:b", "--set job: String should match"),
        ("inbox_page=https://inbox.example.org", "inbox_page: needs inbox"),
    ],
)
def test_a_value_that_cannot_be_is_named(folder: Path, given: str, reason: str) -> None:
    done = _export("--slo", "shop.yml", "--set", given)

    assert done.exit_code == 1
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    ("text", "given", "reason"),
    [
        (_UNCLEAR, "job=c", "other.yml names several (a, b): say in its settings"),
        (_NO_JOB, "namespace=blue", 'a selector lacks namespace="blue"'),
        ("service: [", "job=c", "other.yml"),
        ("slos: 7\n", "job=c", "other.yml"),
    ],
)
def test_a_file_that_a_value_does_not_fit_is_named(
    folder: Path, text: str, given: str, reason: str
) -> None:
    """By its own name, and not by that of a copy."""
    (folder / "other.yml").write_text(text)
    done = _export("--slo", "other.yml", "--set", given)

    assert done.exit_code == 1
    assert reason in done.stderr
    assert "/tmp" not in done.stderr.replace(str(folder), "")


def test_a_job_is_one_services(folder: Path) -> None:
    (folder / "other.yml").write_text(_NO_JOB)
    done = _export("--slo", ".", "--set", "job=shop")
    assert done.exit_code == 1
    assert "one by one: other.yml, shop.yml" in done.stderr


def test_the_chart_has_its_values(folder: Path) -> None:
    assert folder
    done = _export("--slo", "shop.yml", "--set", "namespace=blue", to="helm")
    assert done.exit_code == 1
    assert "--to helm: takes no --set" in done.stderr


def test_without_a_specification_there_are_no_rules(folder: Path) -> None:  # noqa: ARG001 - the directory
    done = _export()
    assert done.exit_code == 1
    assert "--slo: is needed" in done.stderr
    assert _export(to="grafana").exit_code == 0


def test_what_no_export_wrote_is_left_alone(folder: Path) -> None:
    """And what a former one wrote goes when nobody writes it any more."""
    assert _export("--slo", "shop.yml").exit_code == 0
    rules = folder / "out/rules"
    assert (rules / "slo-shop-latency.yml").is_file()
    (folder / "shop.yml").write_text(
        (folder / "shop.yml").read_text().split(", latency")[0] + "}\n"
    )
    (rules / "own.yml").write_text("groups: []\n")

    done = _export("--slo", "shop.yml")

    assert done.exit_code == 0, done.output
    assert "removed rules/slo-shop-latency.yml" in done.stdout
    assert sorted(path.name for path in rules.iterdir()) == [
        "causes-shop.yml",
        "own.yml",
        "slo-shop-availability.yml",
        "slo-shop.yml",
    ]
    assert _export("--slo", "shop.yml").stdout == "nothing has changed\n"
    (folder / "out/.burnrate-export").unlink()
    done = _export("--slo", "shop.yml")
    assert done.exit_code == 1
    assert "is there already, and no export wrote it" in done.stderr


def test_a_full_disk_leaves_each_file_whole(folder: Path) -> None:
    """As it was; the list of files too, by which the next export knows its own."""
    assert _export("--slo", "shop.yml").exit_code == 0
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    given = ["--slo", "shop.yml", "--set", "job=elsewhere", "out"]
    limited = [sys.executable, "-c", _FULL, "export", "--to", "prometheus", *given]
    done = subprocess.run(limited, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "burnrate: out/.burnrate-export: File too large\n"
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert _export("--slo", "shop.yml", "--set", "job=elsewhere").exit_code == 0


def test_values_take_the_place_of_what_the_files_say(folder: Path) -> None:
    """In a short file as in queries, and over what they chose before."""
    done = _export("--slo", "shop.yml", "--set", "namespace=blue,job=shop-api")
    assert done.exit_code == 0, done.output
    text = (folder / "out/rules/slo-blue-shop-availability.yml").read_text()
    assert 'job="shop-api", namespace="blue"' in text.replace("\n", " ").replace("  ", "")

    (folder / "long.yml").write_text(
        (ROOT / "prometheus/slo/api.yml")
        .read_text()
        .replace('job="front-door"', 'job="edge", namespace="old"')
    )
    (folder / "long.settings.yml").write_text(
        (ROOT / "prometheus/slo/api.settings.yml").read_text().replace("front-door", "edge")
    )
    done = _export("--slo", "long.yml", "--set", "namespace=blue,job=shop-api")
    assert done.exit_code == 0, done.output
    text = (folder / "out/rules/slo-blue-api-availability.yml").read_text()
    assert '"old"' not in text
    assert 'job="edge", namespace="blue"' in text
    assert 'job="api"' not in text
