"""Rules and routes as burnrate.yml and a machine's settings say."""

import shutil
from pathlib import Path

import pytest
import yaml

from alerting.inbox.web import Hosts
from burnrate.configuration import load_configuration
from burnrate.stack.addresses import BEHIND_THE_DOOR
from burnrate.stack.compose import Service, load_compose
from burnrate.stack.errors import StackError
from burnrate.stack.render import read_configuration, read_sources, variables_of, with_secrets
from burnrate.stack.render.door import door_files
from tests.servers.processes import ROOT
from tests.support.copies import others


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with what is configured."""
    for name in ("prometheus", "alerting", "docs", "loki"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=others)
    shutil.copy(ROOT / "burnrate.yml", tmp_path)
    return tmp_path


RULES = Service.model_validate(
    {
        "x-files": {
            "rules": "prometheus/rules",
            "loki": "loki/rules",
            "a.yml": "alerting/alertmanager.yml",
        },
        "x-secrets": ["inbox_token"],
    }
)


def _texts(checkout: Path, **settings: str) -> dict[str, str]:
    files = read_sources(checkout, settings).files_of(RULES)
    return {path: content.decode() for path, content in files.items()}


def test_a_changed_port_is_in_every_link_and_what_is_gone_is_left_out(checkout: Path) -> None:
    """Of all rules, Prometheus' and Loki's, generated and written by hand."""
    (checkout / "prometheus/rules/inbox.yml").unlink()

    texts = _texts(checkout, DOOR_PORT="18090")

    assert "http://localhost:18090/grafana/d/burnrate-saturation" in texts["rules/causes.yml"]
    assert "http://localhost:18090/runbooks/" in texts["rules/causes.yml"]
    assert "rules/inbox.yml" not in texts
    assert {"rules/stack.yml", "loki/fake/errors.yml", "a.yml", "rules/slo-api.yml"} <= set(texts)
    assert [text for text in texts.values() if "localhost:8090" in text] == []


def test_files_have_unix_line_ends_and_hidden_ones_are_left_out(checkout: Path) -> None:
    """As an editor and a file manager of another system leave them; what is no text is kept."""
    for path in (*checkout.glob("prometheus/rules/*.yml"), checkout / "burnrate.yml"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    (checkout / "prometheus/rules/.DS_Store").touch()
    (checkout / "prometheus/rules/a.png").write_bytes(b"\x89PNG\r\n")

    files = read_sources(checkout, {}).files_of(RULES)

    assert files.pop("rules/a.png") == b"\x89PNG\r\n"
    assert "rules/.DS_Store" not in files
    assert not [path for path, content in files.items() if b"\r" in content]


def test_a_file_that_is_not_there_is_named(checkout: Path) -> None:
    """An engine would mount an empty folder in its place."""
    service = Service.model_validate({"x-files": {"a.yml": "prometheus/gone.yml"}})
    with pytest.raises(StackError, match=r"x-files: .*prometheus/gone\.yml does not exist"):
        read_sources(checkout, {}).files_of(service)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("broken.yml", "a: [1\n", r"rules/broken\.yml: while parsing .* line 2, column 1"),
        ("broken.json", '{"a": ', r"rules/broken\.json: Expecting value: line 1 column 7"),
        (
            "webhook.yml",
            "file: /etc/burnrate/secrets/chat_url\n",
            r"webhook\.yml names the secret chat_url: add it to the part's x-secrets",
        ),
    ],
)
def test_what_a_part_could_not_use_is_named_before_it_gets_it(
    checkout: Path, name: str, text: str, reason: str
) -> None:
    """What cannot be parsed, and a secret that would be missed when an alert is to be told."""
    (checkout / "prometheus/rules" / name).write_text(text)
    with pytest.raises(StackError, match=reason):
        read_sources(checkout, {}).files_of(RULES)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("burnrate.yml", "low_budget: 2\n", "burnrate.yml: low_budget: "),
        ("prometheus/slo/api.settings.yml", "job: api\n", "api.settings.yml:1: version: "),
    ],
)
def test_what_cannot_be_stops_the_start_with_one_line(
    checkout: Path, name: str, text: str, reason: str
) -> None:
    """With the file and the place."""
    (checkout / name).write_text(text)

    with pytest.raises(StackError) as refused:
        read_sources(checkout, {})

    assert reason in str(refused.value)


def test_compose_has_the_addresses_of_burnrate_yml() -> None:
    """One default in two files: both read the same variables, to the same end."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    raw = yaml.safe_load((ROOT / "burnrate.yml").read_text())["urls"]
    setup = services["setup"]["environment"]
    assert {
        name.lower().removesuffix("_url"): setup[name] for name in setup if "_URL" in name
    } == raw
    assert setup["IDENTITY_LABELS"] == services["inbox"]["environment"]["INBOX_IDENTITY_LABELS"]
    grafana, inbox = services["grafana"]["environment"], services["inbox"]["environment"]

    assert grafana["GF_SERVER_ROOT_URL"] == inbox["INBOX_GRAFANA_URL"] == raw["grafana"]
    for part in ("prometheus", "alertmanager"):
        assert f"--web.external-url={raw[part]}" in services[part]["command"]
        # Whatever address people use, the other parts and the health check ask below this path.
        path = BEHIND_THE_DOOR[part]
        assert f"--web.route-prefix={path.removeprefix('/')}" in services[part]["command"]
        assert raw[part].endswith(f"{path}}}")
    assert inbox["INBOX_IDENTITY_LABELS"] == "${IDENTITY_LABELS:-service}"
    assert load_configuration().identity == ("service",)


def test_an_address_in_burnrate_yml_reaches_every_part(checkout: Path) -> None:
    """By the variables that docker-compose.yml reads; the environment's are in it already."""
    file = checkout / "burnrate.yml"
    text = file.read_text().replace(
        "${GRAFANA_URL:-http://localhost:${DOOR_PORT:-8090}/grafana}", "https://graphs.example.org/"
    )
    file.write_text(text)

    variables = variables_of(read_configuration(checkout, {"DOOR_PORT": "18090"}))

    assert variables["GRAFANA_URL"] == "https://graphs.example.org"
    assert variables["INBOX_URL"] == "http://localhost:18090"


def test_the_inbox_gets_the_labels_that_name_a_service(checkout: Path) -> None:
    """In their order, as its setting takes them."""
    file = checkout / "burnrate.yml"
    file.write_text(file.read_text().replace("[service]", "[cluster, namespace, service]"))

    variables = variables_of(read_configuration(checkout, {}))

    assert variables["IDENTITY_LABELS"] == "cluster,namespace,service"


@pytest.mark.parametrize("name", ["api.yml", "api.yaml", "api.YML", "linked/api.yml"])
def test_a_teams_labels_reach_alerts_about_causes(checkout: Path, name: str) -> None:
    """Wherever the only specification is, and whatever its ending."""
    folder = checkout / "prometheus/slo"
    (checkout / "elsewhere").mkdir()
    (folder / "linked").symlink_to(checkout / "elsewhere")
    for beside in ("", ".settings"):
        stem, ending = name.rsplit(".", 1)
        (folder / f"api{beside}.yml").rename(folder / f"{stem}{beside}.{ending}")
    settings = folder / f"{stem}.settings.{ending}"
    settings.write_text(f"{settings.read_text()}labels: {{team: carts}}\n")

    texts = _texts(checkout)

    assert "carts" in texts["rules/causes.yml"]


def test_a_teams_receivers_reach_alertmanager_with_their_secrets(checkout: Path) -> None:
    """Where `make up` passes them on, and where the one-shot service reads the file itself."""
    file = checkout / "burnrate.yml"
    teams = "teams: {shop: {notify: [slack, ntfy], ntfy_url: 'https://n.example.org/$TOPIC'}}"
    file.write_text(file.read_text().replace("teams: {}", teams))
    settings = {"TOPIC": "quiet"}

    variables = variables_of(read_configuration(checkout, settings))
    made = read_sources(checkout, settings).configured[Path("alerting/alertmanager.yml")]

    assert "https://n.example.org/quiet?" in made
    compose = load_compose(ROOT / "docker-compose.yml", variables)
    assert "notify_slack_url_shop" in compose.services["alertmanager"].secrets


def test_the_inbox_has_the_names_of_the_door() -> None:
    """Else it would refuse what the door lets in."""
    given = {
        "INBOX_URL": "https://ops.example.org",
        "GRAFANA_URL": "https://graphs.example.org/grafana",
        "PROMETHEUS_URL": "https://p.example.org:9",
        "ALERTMANAGER_URL": "http://127.0.0.1/alertmanager",
        "DOOR_HOSTS": "desk.example.org, two.example.org",
    }
    compose = load_compose(ROOT / "docker-compose.yml", given)
    inbox = Hosts(compose.services["inbox"].environment["INBOX_ALLOWED_HOSTS"] or "")
    files = door_files(load_configuration(None, given).urls, given)
    (_, *names) = files[Path("nginx/door/hosts.conf")].rstrip(";\n").split()
    assert len(names) == 7
    assert [name for name in names if not inbox.has(f"{name}:8090")] == []


def test_a_secret_stands_where_a_program_reads_none_from_a_file() -> None:
    """Loki's ruler has no option for a file with its password."""
    files = {"a.yml": b'password: "{secret:machine_password}"\n', "b.yml": b"{secret: no}\n"}
    made = with_secrets(files, "<{}>".format)
    assert made == {"a.yml": b'password: "<machine_password>"\n', "b.yml": b"{secret: no}\n"}
    loki = (ROOT / "loki/loki.yml").read_bytes()
    assert with_secrets({"loki.yml": loki}, lambda _: "x")["loki.yml"] != loki
