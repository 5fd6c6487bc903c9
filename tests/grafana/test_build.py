"""`python -m grafana.build`: the committed files are what it writes."""

import subprocess
import sys
from pathlib import Path

import pytest

from grafana import build
from tests.grafana.panels import ROOT

_OVERVIEW = build.DIRECTORY / "overview.json"


def test_committed_files_are_the_built_ones() -> None:
    """Dashboards and the pages about them change by no byte, in a process of its own."""
    command = [sys.executable, "-m", "grafana.build", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_change_is_shown_as_a_difference() -> None:
    """What would be written anew, line by line."""
    texts = build.built()
    texts[_OVERVIEW] = texts[_OVERVIEW].replace('"title": "SLO overview"', '"title": "Other"')

    lines = build.changes(texts).splitlines()

    assert lines[0] == "--- grafana/dashboards/overview.json"
    assert '-  "title": "SLO overview",' in lines
    assert '+  "title": "Other",' in lines


def test_dashboard_that_is_built_no_more_is_a_change() -> None:
    """Grafana would go on showing its file."""
    texts = build.built()
    del texts[_OVERVIEW]

    assert "--- grafana/dashboards/overview.json" in build.changes(texts)


def test_check_fails_on_a_change_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `make lint` needs it."""
    before = _OVERVIEW.read_bytes()

    def other() -> dict[Path, str]:
        return {_OVERVIEW: "{}\n"}

    monkeypatch.setattr(build, "built", other)
    monkeypatch.setattr(sys, "argv", ["build", "--check"])
    with pytest.raises(SystemExit) as ended:
        build.main()

    assert "python -m grafana.build" in str(ended.value.code)
    assert "overview.json (built)" in capsys.readouterr().err
    assert _OVERVIEW.read_bytes() == before
