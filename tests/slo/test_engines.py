"""Rules of a team's own in other engines than Debian's Prometheus: vmalert."""

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from burnrate.slo.commands import slo
from tests.slo.shop import SHOP


def _vmalert(rules: str) -> "subprocess.CompletedProcess[str]":
    vmalert = shutil.which("vmalert")
    if vmalert is None:
        pytest.skip("vmalert is not installed (Debian: victoria-metrics)")
    command = [vmalert, "-dryRun", f"-rule={rules}"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("engine", ["prometheus", "victoriametrics"])
def test_vmalert_loads_what_is_generated(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With templates and expressions; those for Prometheus too, though it would count them late."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "burnrate.yml").write_text(f"engine: {engine}\n")
    (tmp_path / "shop.yml").write_text(SHOP)
    (tmp_path / "shop.settings.yml").write_text("version: burnrate/v1\njob: shop\n")

    made = CliRunner().invoke(slo, ["generate", "shop.yml", "-o", "rules"])

    assert made.exit_code == 0, made.output
    assert len(list((tmp_path / "rules").iterdir())) == 3
    done = _vmalert("rules/*.yml")
    assert done.returncode == 0, done.stderr


def test_vmalert_would_refuse_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the other test means something."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.yml").write_text(
        "groups: [{name: a, rules: [{record: a, expr: 'sum(rate('}]}]\n"
    )

    assert _vmalert("wrong.yml").returncode != 0
