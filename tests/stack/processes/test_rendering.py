"""docker-compose.yml rendered as what runs on this machine."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from burnrate.stack.compose import Compose
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout
from burnrate.stack.processes.inventory import missing_packages, take_inventory
from burnrate.stack.processes.rendering import RenderedPart, with_option
from tests.stack.processes.rendered import install, render, renderer, with_password

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
    return with_password(Layout(tmp_path, tmp_path / ".burnrate"))


def _compose(**services: Mapping[str, object]) -> Compose:
    return Compose.model_validate({"services": services})


@pytest.fixture
def api(layout: Layout) -> RenderedPart:
    """The service as planned, with nothing else installed."""
    return render(layout, _compose(api=API))["api"]


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
    assert render(layout, _compose(api=API))["api"].record == api.record


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
        render(layout, _compose(api=service))["api"].record.fingerprints != api.record.fingerprints
    )


def test_what_is_not_installed_is_named_with_its_cost(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is left out, nobody waits for it, and spans are not sent to it."""
    install(monkeypatch, Path("/nonexistent"))
    compose = _compose(tempo={}, loki={}, api=API)
    inventory = take_inventory(layout, compose)
    parts = renderer(layout, compose, inventory).all()
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
    loki = render(layout, _compose(loki={"command": ["-x=1"]}))["loki"]
    assert loki.program.arguments == (
        str(program),
        "-x=1",
        "-server.grpc-listen-address=127.0.0.1",
        "-server.grpc-listen-port=9095",
    )


def test_a_part_from_a_package_must_run(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack without Redis is no stack: the package is named."""
    install(monkeypatch, Path("/nonexistent"))
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
        render(layout, _compose(api={**API, "stop_signal": "SIGNOTHING"}))


@pytest.mark.parametrize(
    ("url", "is_told"),
    [("http://localhost:8090/grafana", True), ("https://graphs.example.org", False)],
)
def test_the_inbox_knows_that_grafana_is_not_here(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, url: str, *, is_told: bool
) -> None:
    """Its page then leaves out links that lead nowhere; another Grafana may be elsewhere."""
    install(monkeypatch, Path("/nonexistent"))
    addresses = {"INBOX_GRAFANA_URL": url, "INBOX_GRAFANA_INTERNAL_URL": "http://grafana:3000"}
    inbox = {"command": ["uvicorn"], "environment": addresses}
    parts = _compose(inbox=inbox, grafana={}, loki={})
    environment = render(layout, parts)["inbox"].program.environment
    assert ("INBOX_HAS_GRAFANA" in environment) == is_told
    assert "INBOX_GRAFANA_INTERNAL_URL" not in environment
    # Runbooks ask Loki; without it they name the files.
    assert environment["INBOX_LOGS_FOLDER"] == str(layout.logs)
