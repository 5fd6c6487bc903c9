"""Rules and routes as burnrate.yml and a machine's settings say."""

import shutil
from pathlib import Path

import pytest
import yaml

from burnrate.configuration import load_configuration
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout
from burnrate.stack.render import read_configuration, variables_of, write_configured
from tests.servers.processes import ROOT


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A checkout with what is configured."""
    for name in ("prometheus", "alerting", "docs", "loki"):
        ignored = shutil.ignore_patterns("__pycache__", "inbox")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    shutil.copy(ROOT / "burnrate.yml", tmp_path)
    return Layout(tmp_path, tmp_path / ".burnrate")


def test_a_changed_port_is_in_every_link_and_what_is_gone_is_removed(layout: Layout) -> None:
    """At the next start; a file that a container has mounted keeps its place on the disk."""
    write_configured(layout, {})
    causes = layout.config / "prometheus/rules/causes.yml"
    before = causes.stat().st_ino
    (layout.checkout / "prometheus/rules/inbox.yml").unlink()

    write_configured(layout, {"GRAFANA_PORT": "13000", "INBOX_PORT": "18090"})

    assert "http://localhost:13000/d/burnrate-overview" in causes.read_text()
    assert "http://localhost:18090/runbooks/" in causes.read_text()
    assert causes.stat().st_ino == before
    files = sorted(path.name for path in layout.config.rglob("*.yml"))
    assert "inbox.yml" not in files
    assert {"stack.yml", "errors.yml", "alertmanager.yml", "slo-api.yml"} <= set(files)
    texts = [path.read_text() for path in layout.config.rglob("*.yml")]
    assert not any("localhost:3000" in text or "localhost:8090" in text for text in texts)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("burnrate.yml", "low_budget: 2\n", "burnrate.yml: low_budget: "),
        ("prometheus/slo/api.settings.yml", "job: api\n", "api.settings.yml: version: "),
    ],
)
def test_what_cannot_be_stops_the_start_with_one_line(
    layout: Layout, name: str, text: str, reason: str
) -> None:
    """And what ran before runs on."""
    write_configured(layout, {})
    before = {path: path.read_text() for path in layout.config.rglob("*.yml")}
    (layout.checkout / name).write_text(text)

    with pytest.raises(StackError) as refused:
        write_configured(layout, {})

    assert reason in str(refused.value)
    assert {path: path.read_text() for path in layout.config.rglob("*.yml")} == before


def test_compose_has_the_addresses_of_burnrate_yml() -> None:
    """One default in two files: both read the same variables, to the same end."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    raw = yaml.safe_load((ROOT / "burnrate.yml").read_text())["urls"]
    grafana, inbox = services["grafana"]["environment"], services["inbox"]["environment"]

    assert grafana["GF_SERVER_ROOT_URL"] == inbox["INBOX_GRAFANA_URL"] == raw["grafana"]
    for part in ("prometheus", "alertmanager"):
        assert f"--web.external-url={raw[part]}" in services[part]["command"]
        # Else an address with a path would move what the other parts and the health check ask for.
        assert "--web.route-prefix=/" in services[part]["command"]
    assert inbox["INBOX_IDENTITY_LABELS"] == "${IDENTITY_LABELS:-service}"
    assert load_configuration().identity == ("service",)


def test_an_address_in_burnrate_yml_reaches_every_part(layout: Layout) -> None:
    """By the variables that docker-compose.yml reads; the environment's are in it already."""
    file = layout.checkout / "burnrate.yml"
    text = file.read_text().replace(
        "${GRAFANA_URL:-http://localhost:${GRAFANA_PORT:-3000}}", "https://graphs.example.org/"
    )
    file.write_text(text)

    variables = variables_of(read_configuration(layout.checkout, {"INBOX_PORT": "18090"}))

    assert variables["GRAFANA_URL"] == "https://graphs.example.org"
    assert variables["INBOX_URL"] == "http://localhost:18090"


def test_the_inbox_gets_the_labels_that_name_a_service(layout: Layout) -> None:
    """In their order, as its setting takes them."""
    file = layout.checkout / "burnrate.yml"
    file.write_text(file.read_text().replace("[service]", "[cluster, namespace, service]"))

    variables = variables_of(read_configuration(layout.checkout, {}))

    assert variables["IDENTITY_LABELS"] == "cluster,namespace,service"
