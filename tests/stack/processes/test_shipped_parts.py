"""The tree's own docker-compose.yml rendered as what runs on a machine that has all programs."""

from dataclasses import replace
from pathlib import Path

import pytest

from burnrate.stack.compose import Compose, load_compose
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout
from burnrate.stack.processes.definitions import DEFINITIONS
from burnrate.stack.processes.inventory import (
    missing_module_packages,
    missing_packages,
    take_inventory,
)
from tests.stack.processes.rendered import install, render, with_password

CHECKOUT = Path(__file__).resolve().parents[3]


@pytest.fixture
def everything_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has the programs of all parts."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for part in DEFINITIONS.values():
        program = folder / part.program
        program.write_text("#!/bin/sh\n", encoding="utf-8")
        program.chmod(0o755)
    install(monkeypatch, folder)


def _tree(tmp_path: Path) -> tuple[Layout, Compose]:
    layout = with_password(Layout(CHECKOUT, tmp_path / "state"))
    return layout, load_compose(layout.compose_file, {})


@pytest.mark.usefixtures("everything_installed")
def test_the_trees_own_file_can_be_planned(tmp_path: Path) -> None:
    """Each service has an entry, each mount a file, and no container address is left."""
    layout, compose = _tree(tmp_path)
    parts = render(layout, compose)
    assert set(compose.parts) - set(DEFINITIONS) == {"docker-proxy", "nginx-status"}
    assert set(parts) == set(DEFINITIONS) <= set(compose.parts)
    for part in parts.values():
        words = [*part.program.arguments[1:], *part.program.environment.values()]
        assert not [word for word in words if "/etc/burnrate" in word or "0.0.0.0" in word]  # noqa: S104


@pytest.mark.usefixtures("everything_installed")
@pytest.mark.parametrize("name", DEFINITIONS)
@pytest.mark.parametrize("form", ["argument", "flag", "variable"])
def test_a_path_that_nothing_is_mounted_at_is_refused(tmp_path: Path, name: str, form: str) -> None:
    """Such a part would start with another file of this machine, or with none."""
    layout, compose = _tree(tmp_path)
    service = compose.services[name]
    word = {"argument": "/srv/x.d", "flag": "--config=/srv/x.d", "variable": ""}[form]
    changed = service.model_copy(
        update={
            "command": [*(service.command or []), word],
            "environment": {**service.environment, **({} if word else {"X": "a:/srv/x.d"})},
        }
    )
    services = {**compose.services, name: changed}
    with pytest.raises(StackError, match=rf"{name}: nothing is mounted at /srv/x\.d"):
        render(layout, compose.model_copy(update={"services": services}))


@pytest.mark.usefixtures("everything_installed")
def test_a_folder_of_single_files_is_the_rendered_one(tmp_path: Path) -> None:
    """Alloy is given a folder, and reads all files in it."""
    layout, compose = _tree(tmp_path)
    alloy = render(layout, compose)["alloy"]
    folder = Path(alloy.program.arguments[-1])
    assert folder.is_relative_to(layout.etc / "alloy")
    assert {path.name for path in alloy.files if path.parent == folder} == {
        "pipeline.alloy",
        "containers.alloy",
    }


@pytest.mark.usefixtures("everything_installed")
@pytest.mark.parametrize(
    ("name", "variable"),
    [
        *((name, "ANY_PASSWORD_FILE") for name in DEFINITIONS),
        ("grafana", "GF_SECURITY_ADMIN_PASSWORD__FILE"),
        ("grafana", "GF_PATHS_CONFIG"),
        ("postgres", "POSTGRES_HOST_AUTH_METHOD"),
        ("nginx", "NGINX_ENVSUBST_FILTER"),
    ],
)
def test_what_only_an_images_entry_script_reads_is_refused(
    tmp_path: Path, name: str, variable: str
) -> None:
    """A process would run with its default instead: with a password that everybody knows."""
    layout, compose = _tree(tmp_path)
    service = compose.services[name]
    environment = {**service.environment, variable: "x"}
    services = {**compose.services, name: service.model_copy(update={"environment": environment})}
    with pytest.raises(StackError, match=f"{name}: {variable} is read by the image's entry script"):
        render(layout, compose.model_copy(update={"services": services}))


@pytest.mark.usefixtures("everything_installed")
def test_grafana_gets_its_password_in_a_form_that_the_program_reads(tmp_path: Path) -> None:
    """By itself its administrator would be admin with the password admin."""
    layout, compose = _tree(tmp_path)
    environment = render(layout, compose)["grafana"].program.environment
    path = layout.secrets / "grafana_admin_password"
    assert environment["GF_SECURITY_ADMIN_PASSWORD"] == f"$__file{{{path}}}"


@pytest.mark.usefixtures("everything_installed")
@pytest.mark.parametrize("has_home", [True, False])
def test_grafana_is_told_where_its_pages_are(tmp_path: Path, *, has_home: bool) -> None:
    """Around an unpacked archive's program, else where its package puts them."""
    layout, compose = _tree(tmp_path)
    if has_home:
        (tmp_path / "conf").mkdir()
        (tmp_path / "conf/defaults.ini").touch()
    arguments = render(layout, compose)["grafana"].program.arguments
    home = str(tmp_path) if has_home else "/usr/share/grafana"
    assert arguments[1:] == ("server", "--homepath", home)


@pytest.mark.usefixtures("everything_installed")
@pytest.mark.parametrize("has_module", [True, False])
def test_requests_are_counted_where_nginx_has_the_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_module: bool
) -> None:
    """Without it nginx gets no file that needs it, nobody asks for counts, and that is said."""
    module = DEFINITIONS["nginx"].module
    assert module is not None
    file = tmp_path / "module.so"
    if has_module:
        file.touch()
    nginx = replace(DEFINITIONS["nginx"], module=replace(module, file=file))
    monkeypatch.setitem(DEFINITIONS, "nginx", nginx)
    layout, compose = _tree(tmp_path)

    parts = render(layout, compose)
    names = {path.relative_to(layout.etc / "nginx").as_posix() for path in parts["nginx"].files}
    prometheus = parts["prometheus"].files[layout.etc / "prometheus/prometheus.yml"].decode()
    missing = {each.name: each.reason for each in take_inventory(layout, compose).missing}

    assert ("counting/http.conf" in names) is has_module
    assert ("127.0.0.1:8081" in prometheus) is has_module
    assert "nginx.conf" in names
    assert ("libnginx-mod-http-lua" in missing) is not has_module
    assert ("libnginx-mod-http-lua" in missing_module_packages(compose)) is not has_module
    assert "libnginx-mod-http-lua" not in missing_packages(compose)


@pytest.mark.usefixtures("everything_installed")
def test_what_wraps_a_program_in_its_container_is_left_there(tmp_path: Path) -> None:
    """The container of nginx looks first whether its image can count; a start here knows."""
    layout, compose = _tree(tmp_path)
    arguments = render(layout, compose)["nginx"].program.arguments
    assert arguments[1:3] == ("-e", "stderr")
