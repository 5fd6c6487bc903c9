"""docker-compose.yml rendered as what runs on this machine."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from burnrate.stack.addresses import AddressMap
from burnrate.stack.compose import Compose, load_compose
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout
from burnrate.stack.processes.definitions import DEFINITIONS
from burnrate.stack.processes.inventory import (
    Inventory,
    missing_module_packages,
    missing_packages,
    take_inventory,
)
from burnrate.stack.processes.rendering import PartRenderer, RenderedPart, with_option
from burnrate.stack.render import read_sources

CHECKOUT = Path(__file__).resolve().parents[3]
API: Mapping[str, object] = {
    "command": ["gunicorn", "--config", "api/gunicorn.conf.py", "api.main:create_app()"],
    "environment": {
        "API_BIND": "0.0.0.0:8000",
        "DATABASE_HOST": "postgres",
        "DATABASE_PORT": "5432",
        "DATABASE_PASSWORD_FILE": "/etc/burnrate/secrets/password",
        "FORWARDED_ALLOW_IPS": "172.31.0.2",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://tempo:4318",
        "TZ": None,
    },
    "x-files": {"conf": "conf"},
    "x-secrets": ["password"],
    "volumes": ["api-config:/etc/burnrate:ro", "api-data:/var/lib/api"],
    "tmpfs": ["/tmp:size=1m"],
    "depends_on": ["tempo"],
    "stop_grace_period": "45s",
}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A checkout with one configuration file."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/a.ini").write_text(
        "redis=redis:6379\ndata=/var/lib/api/x\n", encoding="utf-8"
    )
    return Layout(tmp_path, tmp_path / ".burnrate")


def _install(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr("burnrate.stack.processes.programs.search_path", lambda: str(folder))


def _compose(**services: Mapping[str, object]) -> Compose:
    return Compose.model_validate({"services": services})


def _render(layout: Layout, compose: Compose) -> dict[str, RenderedPart]:
    inventory = take_inventory(layout, compose)
    return _renderer(layout, compose, inventory).all()


def _renderer(layout: Layout, compose: Compose, inventory: Inventory) -> PartRenderer:
    sources = read_sources(layout.checkout, {})
    return PartRenderer(sources, layout, compose, AddressMap(), inventory)


@pytest.fixture
def api(layout: Layout) -> RenderedPart:
    """The service as planned, with nothing else installed."""
    return _render(layout, _compose(api=API))["api"]


def test_the_program_is_this_environments_and_takes_the_files_arguments(api: RenderedPart) -> None:
    """The command's first word names the program that is looked up."""
    program, *arguments = api.program.arguments
    assert Path(program).name == "gunicorn"
    assert Path(program).is_file()
    assert arguments == ["--config", "api/gunicorn.conf.py", "api.main:create_app()"]


def test_environment_has_this_machines_addresses_and_paths(
    api: RenderedPart, layout: Layout
) -> None:
    """Whole addresses, addresses in two variables, secrets, and what our table adds."""
    assert api.program.environment["API_BIND"] == "127.0.0.1:8000"
    assert api.program.environment["DATABASE_HOST"] == "127.0.0.1"
    assert api.program.environment["DATABASE_PORT"] == "15432"
    assert api.program.environment["DATABASE_PASSWORD_FILE"] == str(layout.secrets / "password")
    assert api.program.environment["FORWARDED_ALLOW_IPS"] == "127.0.0.1"
    assert api.program.environment["TMPDIR"] == str(layout.run / "api/tmp")
    assert "TZ" not in api.program.environment


def test_configuration_files_are_rendered_into_the_state(api: RenderedPart, layout: Layout) -> None:
    """The tree's own files stay as they are."""
    data = layout.data / "api/x"
    assert api.files == {
        layout.etc / "api/conf/a.ini": f"redis=127.0.0.1:15379\ndata={data}\n".encode()
    }


def test_order_and_stopping_are_the_compose_files(api: RenderedPart) -> None:
    """A grace of its own; a temporary folder that starts empty."""
    assert api.program.grace_seconds == 45
    assert api.program.stop_signal == "TERM"
    assert [path.name for path in api.program.temporary_directories] == ["tmp"]


def test_another_shell_changes_nothing(
    layout: Layout, api: RenderedPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`up` twice from two terminals restarts nothing."""
    monkeypatch.setenv("PATH", "/elsewhere:/usr/bin")
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    assert _render(layout, _compose(api=API))["api"].record == api.record


@pytest.mark.parametrize("change", ["argument", "environment", "file"])
def test_each_kind_of_change_is_noticed(layout: Layout, api: RenderedPart, change: str) -> None:
    """`up` restarts a part whose configuration changed."""
    service = dict(API)
    if change == "argument":
        service["command"] = ["gunicorn", "--other"]
    elif change == "environment":
        service["environment"] = {"X": "1"}
    else:
        (layout.checkout / "conf/a.ini").write_text("other", encoding="utf-8")
    assert (
        _render(layout, _compose(api=service))["api"].record.fingerprints != api.record.fingerprints
    )


def test_what_is_not_installed_is_named_with_its_cost(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is left out, nobody waits for it, and spans are not sent to it."""
    _install(monkeypatch, Path("/nonexistent"))
    compose = _compose(tempo={}, loki={}, api=API)
    inventory = take_inventory(layout, compose)
    parts = _renderer(layout, compose, inventory).all()
    assert list(parts) == ["api"]
    assert parts["api"].depends_on == ()
    assert parts["api"].program.environment["OTEL_TRACES_EXPORTER"] == "none"
    reasons = {missing.name: missing.reason for missing in inventory.missing}
    assert reasons["loki"] == f"not installed: no log search; logs are in {layout.logs}"
    assert all(missing.is_optional for missing in inventory.missing)


def test_what_is_installed_is_used(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """A binary on the PATH is enough; its listeners stay on the loopback."""
    program = layout.checkout / "bin/loki"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(
        "burnrate.stack.processes.programs.search_path", lambda: str(program.parent)
    )
    loki = _render(layout, _compose(loki={"command": ["-x=1"]}))["loki"]
    assert loki.program.arguments == (
        str(program),
        "-x=1",
        "-server.grpc-listen-address=127.0.0.1",
        "-server.grpc-listen-port=9095",
    )


def test_a_part_from_a_package_must_run(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack without Redis is no stack: the package is named."""
    _install(monkeypatch, Path("/nonexistent"))
    compose = _compose(redis={}, api=API)
    (missing,) = take_inventory(layout, compose).missing
    assert (missing.name, missing.is_optional) == ("redis", False)
    assert missing_packages(compose) == ["redis-server"]


@pytest.mark.parametrize(
    ("words", "flag", "value", "expected"),
    [
        (["--port", "6379"], "--port", "7000", ["--port", "7000"]),
        (["--port=6379"], "--port", "7000", ["--port=7000"]),
        (["x"], "--port", "7000", ["x", "--port", "7000"]),
        (["-a.b=1"], "-a.b", "2", ["-a.b=2"]),
        (["x"], "-a.b", "2", ["x", "-a.b=2"]),
        (["-c", "a=1"], "-c", "port=2", ["-c", "a=1", "-c", "port=2"]),
    ],
)
def test_an_option_is_set_once(
    words: list[str], flag: str, value: str, expected: list[str]
) -> None:
    """Some programs refuse a repeated flag, others need both words."""
    assert with_option(words, flag, value) == expected


def test_an_unknown_signal_is_refused(layout: Layout) -> None:
    """It would otherwise surface when the stack is stopped."""
    with pytest.raises(StackError, match="SIGNOTHING"):
        _render(layout, _compose(api={**API, "stop_signal": "SIGNOTHING"}))


@pytest.fixture
def everything_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has the programs of all parts."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for part in DEFINITIONS.values():
        program = folder / part.program
        program.write_text("#!/bin/sh\n", encoding="utf-8")
        program.chmod(0o755)
    _install(monkeypatch, folder)


def _tree(tmp_path: Path) -> tuple[Layout, Compose]:
    layout = Layout(CHECKOUT, tmp_path / "state")
    return layout, load_compose(layout.compose_file, {})


@pytest.mark.usefixtures("everything_installed")
def test_the_trees_own_file_can_be_planned(tmp_path: Path) -> None:
    """Each service has an entry, each mount a file, and no container address is left."""
    layout, compose = _tree(tmp_path)
    parts = _render(layout, compose)
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
        _render(layout, compose.model_copy(update={"services": services}))


@pytest.mark.usefixtures("everything_installed")
def test_a_folder_of_single_files_is_the_rendered_one(tmp_path: Path) -> None:
    """Alloy is given a folder, and reads all files in it."""
    layout, compose = _tree(tmp_path)
    alloy = _render(layout, compose)["alloy"]
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
        _render(layout, compose.model_copy(update={"services": services}))


@pytest.mark.usefixtures("everything_installed")
def test_grafana_gets_its_password_in_a_form_that_the_program_reads(tmp_path: Path) -> None:
    """By itself its administrator would be admin with the password admin."""
    layout, compose = _tree(tmp_path)
    environment = _render(layout, compose)["grafana"].program.environment
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
    arguments = _render(layout, compose)["grafana"].program.arguments
    home = str(tmp_path) if has_home else "/usr/share/grafana"
    assert arguments[1:] == ("server", "--homepath", home)


@pytest.mark.parametrize(
    ("url", "is_told"),
    [("http://localhost:8090/grafana", True), ("https://graphs.example.org", False)],
)
def test_the_inbox_knows_that_grafana_is_not_here(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, url: str, *, is_told: bool
) -> None:
    """Its page then leaves out links that lead nowhere; another Grafana may be elsewhere."""
    _install(monkeypatch, Path("/nonexistent"))
    addresses = {"INBOX_GRAFANA_URL": url, "INBOX_GRAFANA_INTERNAL_URL": "http://grafana:3000"}
    inbox = {"command": ["uvicorn"], "environment": addresses}
    parts = _compose(inbox=inbox, grafana={}, loki={})
    environment = _render(layout, parts)["inbox"].program.environment
    assert ("INBOX_HAS_GRAFANA" in environment) == is_told
    assert "INBOX_GRAFANA_INTERNAL_URL" not in environment
    # Runbooks ask Loki; without it they name the files.
    assert environment["INBOX_LOGS_FOLDER"] == str(layout.logs)


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

    parts = _render(layout, compose)
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
    arguments = _render(layout, compose)["nginx"].program.arguments
    assert arguments[1:3] == ("-e", "stderr")
