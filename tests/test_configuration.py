"""burnrate.yml: what a team changes, and what it cannot be."""

from pathlib import Path

import pytest

from burnrate.configuration import ConfigurationError, load_configuration


def _own(folder: Path, text: str) -> Path:
    (folder / "burnrate.yml").write_text(text)
    return folder


def test_what_a_team_leaves_out_is_as_shipped(tmp_path: Path) -> None:
    """A file with one key changes one thing."""
    shipped = load_configuration()

    own = load_configuration(_own(tmp_path, "low_budget: 0.1\n"))

    assert own.low_budget == 0.1
    assert own.model_copy(update={"low_budget": shipped.low_budget}) == shipped


def test_one_address_changes_and_the_others_are_as_shipped(tmp_path: Path) -> None:
    """`urls` is a mapping: a team that has Grafana elsewhere does not repeat the other four."""
    shipped = load_configuration()

    own = load_configuration(_own(tmp_path, "urls: {grafana: https://grafana.example.org}\n"))

    assert own.urls.grafana == "https://grafana.example.org"
    assert own.urls.model_copy(update={"grafana": shipped.urls.grafana}) == shipped.urls


def test_ports_and_addresses_of_the_environment_are_in_every_link() -> None:
    """As in docker-compose.yml: a port changes localhost's address, an address is taken whole."""
    ports = load_configuration(environment={"DOOR_PORT": "18090"})
    addresses = load_configuration(
        environment={"INBOX_URL": "https://ops.example.org/inbox/", "DOOR_PORT": "13000"}
    )

    assert ports.runbook_base == "http://localhost:18090/runbooks"
    assert ports.dashboard_base == "http://localhost:18090/grafana/d"
    assert addresses.runbook_base == "https://ops.example.org/inbox/runbooks"


def test_runbooks_and_dashboards_may_be_elsewhere(tmp_path: Path) -> None:
    """A team's own wiki, say."""
    own = load_configuration(_own(tmp_path, "runbooks: https://wiki.example.org/oncall/\n"))

    assert own.runbook_base == "https://wiki.example.org/oncall"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("low_budget: 2\n", "low_budget: "),
        ("period: 30\n", "period: "),
        ("identity: [cluster]\n", "`service` among them"),
        ("identity: [service, service]\n", "each label once"),
        ("identity: [service, slo]\n", "slo has another meaning"),
        ("runbooks: wiki\n", "runbooks: "),
        ("tiers: []\n", "tiers: "),
        (
            "tiers: [{name: Healthy, severity: page, long: 1h, short: 5m, budget: 0.1}]\n",
            "one is called Healthy",
        ),
        ("tiers: [{name: Fast, severity: page, long: 4h, short: 5m, budget: 0.1}]\n", "long: "),
        (
            (
                "tiers:\n"
                "  - {name: A, severity: page, long: 1h, short: 5m, budget: 0.1}\n"
                "  - {name: A, severity: ticket, long: 6h, short: 30m, budget: 0.1}\n"
            ),
            "two have the same name",
        ),
        (
            "tiers: [{name: A, severity: page, long: 5m, short: 1h, budget: 0.1}]\n",
            "short window must be shorter",
        ),
        ("teams: {shop: {}}\n", "teams.shop.notify: "),
        ("teams: {shop: {notify: [phone]}}\n", "teams.shop.notify.0: "),
        ("teams: {shop: {notify: [slack], slack_url: x}}\n", "teams.shop.slack_url: "),
        ("teams: {the shop: {notify: [slack]}}\n", "teams.the shop."),
        ("runbooks: ${WIKI:?set it}\n", "WIKI is not set: set it"),
        ("- a list\n", "a mapping is needed"),
        ("a: b: c\n", "burnrate.yml: "),
    ],
)
def test_what_cannot_be_is_refused_with_file_place_and_reason(
    tmp_path: Path, text: str, reason: str
) -> None:
    """One line, before anything is generated."""
    with pytest.raises(ConfigurationError, match=r"burnrate\.yml: ") as refused:
        load_configuration(_own(tmp_path, text))

    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)
