"""`burnrate upgrade --plan`: what another release would make of a team's files."""

import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from burnrate.pinned import RELEASED, installed_version, laid_together, pin_line
from burnrate.team.commands import upgrade
from tests.servers.processes import ROOT
from tests.servers.threads import served

_RUNBOOK = "alerting/runbooks/ServiceDown.md"
# In the place of the example's, so that little is generated.
_API = "{service: api, source: burnrate, job: api, objectives: {availability: 99.9}}\n"
_SHOP = """service: shop
source: burnrate
job: shop
objectives: {availability: 99.5}
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One with a service, and a runbook in the place of the release's."""
    folder = tmp_path_factory.mktemp("plan") / "slos"
    for name in ("prometheus/slo", "alerting/runbooks"):
        (folder / name).mkdir(parents=True)
    (folder / "prometheus/slo/api.yml").write_text(_API)
    (folder / "prometheus/slo/api.settings.yml").write_text("version: burnrate/v1\n")
    (folder / "prometheus/slo/shop.yml").write_text(_SHOP)
    (folder / _RUNBOOK).write_text("# ServiceDown\nCall us.\n")
    (folder / "burnrate.yml").write_text("version: burnrate/v1\nperiod_days: 30\n")
    (folder / "requirements.txt").write_text(pin_line(installed_version()))
    laid_together(folder)
    return folder


@pytest.fixture(scope="module")
def released(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release itself, as a checkout has it."""
    folder = tmp_path_factory.mktemp("released") / "burnrate"
    shutil.copytree(repository / RELEASED, folder)
    shutil.copy(ROOT / "burnrate.yml", folder)
    (folder / "burnrate/burnrate.yml").unlink()
    shutil.copy(ROOT / _RUNBOOK, folder / "alerting/runbooks")
    for name in ("api.yml", "api.settings.yml"):
        shutil.copy(ROOT / "prometheus/slo" / name, folder / "prometheus/slo")
    (folder / "prometheus/slo/shop.yml").unlink()
    for path in (folder / "prometheus/rules").glob("slo-shop*.yml"):
        path.unlink()
    return folder


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _plan(*words: str) -> Result:
    return CliRunner().invoke(upgrade, words)


def test_the_same_release_changes_nothing(
    repository: Path, released: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although another process, from other files, has made it; nothing of the team's is touched."""
    monkeypatch.chdir(repository / "prometheus")
    before = {path: path.read_bytes() for path in repository.rglob("*") if path.is_file()}
    done = _plan("--plan", "--to", str(released))
    assert (done.output, done.exit_code) == ("nothing changes\n", 0)
    assert {path: path.read_bytes() for path in repository.rglob("*") if path.is_file()} == before


def test_another_release_is_told_by_what_it_changes(
    repository: Path, released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules that its generator makes of the team's files, dashboards, images, settings."""
    monkeypatch.chdir(repository)
    new = Path(shutil.copytree(released, tmp_path / "new"))
    _edit(new / "burnrate.yml", "minimum_failures: 3", "minimum_failures: 5")
    _edit(new / "docker-compose.yml", "${REDIS_IMAGE:-redis:", "${REDIS_IMAGE:-redis:9")
    _edit(new / _RUNBOOK, "# ServiceDown", "# ServiceDown!")
    _edit(new / "nginx/nginx.conf", "http {", "http {\n")
    for path in (new / "burnrate/slo").rglob("*.py"):
        path.write_text(path.read_text().replace("slo:history:start", "slo:history:began"))
    dashboard = new / "grafana/dashboards/service.json"
    content = json.loads(dashboard.read_text())
    content["panels"][1]["title"] = "Another title"
    dashboard.write_text(json.dumps(content))

    done = _plan("--plan", "--to", str(new))

    assert done.exit_code == 3
    said = done.output.splitlines()
    assert said[0] == "history that begins with the upgrade:"
    ledger = next(line for line in said if line.startswith("  slo:history:began:"))
    assert "a ledger," in ledger
    assert "{service=api, slo=availability}" in ledger
    for line in (
        f"{_RUNBOOK}: yours stands in the place of the release's, which has changed",
        "  ~ burnrate.yml: minimum_failures: 3 -> 5",
        "  + Another title (Service)",
        "  ~ nginx/nginx.conf",
    ):
        assert line in said
    assert any(line.startswith("  ~ redis: image ") for line in said)
    assert "runbooks" not in done.output.replace("alerting/runbooks", "")


def test_what_another_release_refuses_is_said(
    repository: Path, released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a key that it no longer has."""
    monkeypatch.chdir(repository)
    new = Path(shutil.copytree(released, tmp_path / "new"))
    _edit(new / "burnrate.yml", "period_days:", "days:")
    _edit(new / "burnrate/configuration.py", "    period_days:", "    days:")
    done = _plan("--plan", "--to", str(new))
    assert done.exit_code == 1
    assert "it refuses burnrate.yml: " in done.output
    assert "period_days" in done.output


def test_a_release_that_cannot_be_had_is_refused(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line, by its name."""
    monkeypatch.chdir(repository)
    with zipfile.ZipFile(tmp_path / "other-1.whl", "w") as wheel:
        wheel.writestr("other/__init__.py", "")
    (tmp_path / "torn.whl").write_bytes(b"PK")
    (tmp_path / "old/burnrate").mkdir(parents=True)
    (tmp_path / "old/burnrate/__init__.py").touch()
    for name, reason in {
        str(tmp_path / "other-1.whl"): "is no wheel of this burnrate",
        str(tmp_path / "torn.whl"): "cannot be read as a wheel",
        str(tmp_path / "missing.whl"): "cannot be read as a wheel",
        str(tmp_path / "old"): "it is older than 0.2.0",
        f"{ROOT}@no-such-tag": "no-such-tag",
        "nothing": "write a version, the path of a wheel or of a checkout",
    }.items():
        done = _plan("--plan", "--to", name)
        assert done.exit_code == 1, name
        assert reason in done.output
        assert done.output.count("\n") == 1


def test_nothing_of_a_stranger_is_run(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package index may have the name for another project."""
    monkeypatch.chdir(repository)
    trace = tmp_path / "was-run"
    code = f"from pathlib import Path\nPath({str(trace)!r}).touch()\n"
    for name in ("burnrate", "old/burnrate"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "__init__.py").write_text(code)
    wheel = tmp_path / "burnrate_stack-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as made:
        made.writestr("burnrate/__init__.py", code)
    for to in (str(wheel), str(tmp_path / "old")):
        done = _plan("--plan", "--to", to)
        assert done.exit_code == 1
        assert not trace.exists()
        assert done.output.count("\n") == 1


def _wheel(path: Path, source: Path | None) -> Path:
    """Write a wheel of version 9.9.9, as pip takes it, of a release's files."""
    info = "burnrate_stack-9.9.9.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: burnrate-stack\nVersion: 9.9.9\n"
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
        for file in source.rglob("*") if source else ():
            if file.is_file():
                wheel.write(file, file.relative_to(source or path))
    return path


@contextmanager
def _index(folder: Path) -> Iterator[str]:
    """Serve a folder as `python -m http.server` does, on a free port."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    with served(server):
        yield f"http://127.0.0.1:{server.server_address[1]}"


def test_a_version_comes_from_the_index_that_pip_is_set_to(
    repository: Path, released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is not there, or not as promised, and an index that is not, each give one line."""
    monkeypatch.chdir(repository)
    name = "burnrate_stack-9.9.9-py3-none-any.whl"
    for kind in ("good", "torn"):
        (tmp_path / kind / "burnrate-stack").mkdir(parents=True)
    new = Path(shutil.copytree(released, tmp_path / "new"))
    _edit(new / "burnrate.yml", "minimum_failures: 3", "minimum_failures: 5")
    _wheel(tmp_path / "good/burnrate-stack" / name, new)
    _wheel(tmp_path / "torn/burnrate-stack" / name, None)
    link = f'<a href="{name}#sha256={"0" * 64}">{name}</a>'
    (tmp_path / "torn/burnrate-stack/index.html").write_text(link)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with _index(tmp_path) as address:

        def said(kind: str, version: str) -> str:
            monkeypatch.setenv("PIP_INDEX_URL", f"{address}/{kind}/")
            done = _plan("--plan", "--to", version)
            assert done.exit_code == (3 if (kind, version) == ("good", "9.9.9") else 1), done.output
            return done.output

        assert "  ~ burnrate.yml: minimum_failures: 3 -> 5" in said("good", "9.9.9").splitlines()
        refused = {
            said("good", "9.9.8"): "burnrate-stack==9.9.8: the package index has 9.9.9",
            said("torn", "9.9.9"): "has another hash than it says",
            said("none", "9.9.9"): "has no wheel of it",
        }
    # Nobody listens there any more.
    refused[said("good", "9.9.8")] = "does not answer"
    for line, reason in refused.items():
        assert reason in line
        assert line.count("\n") == 1


def test_it_is_said_in_a_repository_and_as_a_plan_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere there is nothing to compare; the upgrade itself is three commands of others."""
    monkeypatch.chdir(tmp_path)
    assert "is in no repository" in _plan("--plan", "--to", "1.0").output
    assert _plan("--to", "1.0").exit_code == 2
