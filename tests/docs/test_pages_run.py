"""What pages tell their readers to type does what they say, on a stack of plain processes."""

import json

import httpx2
import pytest
import yaml

from tests.alerting.receivers import http_receiver
from tests.docs.pages import run_as_written, under
from tests.servers.checkout import ROOT, Checkout, door_login
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

_README = ROOT / "README.md"


def test_the_readme_follows_a_request_to_its_log_line(checkout: Checkout) -> None:
    """By the id that the client chose, in both modes with the same command."""
    answered, logged = under(_README, "Try it")[:2]
    assert "my-first-request" in run_as_written([answered], checkout)
    # The line comes through a pipe, a moment after the answer; grep fails until it is there.
    lines = wait_until(lambda: run_as_written([f"{logged} || true"], checkout).splitlines())
    found = json.loads(lines[0][lines[0].index("{") :])
    assert found["request_id"] == "my-first-request"
    assert {"trace_id", "route", "status_code", "process_time"} <= found.keys()
    query = 'sum by (endpoint, status) (http_requests_total{service="api"})'
    assert query in _README.read_text()
    address = checkout.url("prometheus", "/api/v1/query")
    wait_until(
        lambda: httpx2.get(address, params={"query": query}).json()["data"]["result"], "a scrape"
    )


def test_the_readme_stops_the_service_and_starts_it_again(checkout: Checkout) -> None:
    """And the inbox answers meanwhile."""
    stop, ask, start = under(_README, "Try it")[2:5]
    run_as_written([stop], checkout)
    assert checkout.status()["api"]["state"] == "stopped"
    assert "alerts" in json.loads(run_as_written([ask], checkout))
    run_as_written([start], checkout)
    assert checkout.status()["api"]["health"] == "healthy"


def test_every_address_of_the_readme_answers(checkout: Checkout) -> None:
    """Those that it promises in both modes; the others it says something of."""
    for part, path in (("door", "/"), ("nginx", "/docs"), ("door", "/prometheus/")):
        address = checkout.url(part, path)
        login = door_login(checkout)
        assert httpx2.get(address, auth=login, follow_redirects=True).status_code == 200, address


def test_a_silence_is_made_listed_and_ended(checkout: Checkout) -> None:
    """It silences what the page says it does, until it is expired."""
    door, add, query, expire = under(ROOT / "docs/silencing.md", "Silencing")
    run_as_written([door, add], checkout)
    listed = run_as_written([door, query], checkout)
    assert 'service="api"' in listed
    assert 'alertname=~"PoolBudgetBurn.*"' in listed
    run_as_written([door, expire], checkout)
    assert "PoolBudgetBurn" not in run_as_written([door, query], checkout)


def test_a_muted_time_is_valid(checkout: Checkout) -> None:
    """The example, put before the shipped routes."""
    page = (ROOT / "docs/silencing.md").read_text()
    _check_merged(checkout, page.partition("```yaml\n")[2].partition("```")[0])


def test_a_team_s_pages_go_to_the_team_and_the_inbox(checkout: Checkout) -> None:
    """As shipped to the inbox alone, with the page's route to both, in the order it says."""
    lines = under(ROOT / "docs/routing-by-team.md", "By hand")
    route, reload = lines
    assert run_as_written([route], checkout).splitlines()[-1] == "inbox"
    page = (ROOT / "docs/routing-by-team.md").read_text()
    example = page.partition("   ```yaml\n   route:")[2].partition("   ```")[0]
    shipped = _check_merged(checkout, "   route:" + example)
    assert run_as_written([route], checkout).splitlines()[-1] == "checkout,inbox"
    assert "alertmanager.yml: loaded" in run_as_written([reload], checkout)
    (checkout.path / "alerting/alertmanager.yml").write_text(shipped)
    run_as_written([reload], checkout)


def test_a_receiver_is_added_as_the_page_says(checkout: Checkout) -> None:
    """Secret, its name in the compose file, route, reload and a try; the server is here."""
    page = ROOT / "docs/receivers.md"
    folder, write_secret, reload, try_it = under(page, "By hand")
    write_secret = write_secret.replace("slack_webhook_url", "own_webhook_token")
    run_as_written([folder, write_secret], checkout)
    secret = checkout.path / ".burnrate/secrets/own_webhook_token"
    assert secret.stat().st_mode & 0o777 == 0o600
    secret.write_text("a token\n")
    compose = checkout.path / "docker-compose.yml"
    described = compose.read_text()
    listed = "inbox_token]\n    # Who is told"
    compose.write_text(described.replace(listed, listed.replace("]", ", own_webhook_token]")))
    example = page.read_text().partition("## Your own webhook")[2].partition("```yaml\n")[2]
    with http_receiver() as got:
        here = f"http://host.docker.internal:{got.port}"
        example = example.partition("```")[0].replace("https://alerts.example.com", here)
        shipped = _check_merged(checkout, example)
        try:
            assert "alertmanager.yml: loaded" in run_as_written([reload], checkout)
            run_as_written([try_it], checkout)
            wait_until(lambda: got.bodies.get("/hook"), "the notification")
        finally:
            compose.write_text(described)
            (checkout.path / "alerting/alertmanager.yml").write_text(shipped)
    assert got.bodies["/hook"][0]["commonLabels"]["alertname"] == "Try"
    assert got.tokens == ["Bearer a token"]
    run_as_written([reload], checkout)


def test_sizes_can_be_read(checkout: Checkout) -> None:
    """Series, samples and folders."""
    printed = run_as_written(under(ROOT / "docs/sizing.md", "Measure yours"), checkout)
    assert "prometheus_tsdb_head_series " in printed
    assert "seriesCountByMetricName" in printed
    assert ".burnrate/data" in printed


def test_the_first_look_shows_parts_and_logs(checkout: Checkout) -> None:
    """Exit code 0, since all that can run here is healthy."""
    printed = run_as_written(under(ROOT / "docs/troubleshooting.md", "Troubleshooting"), checkout)
    assert "not installed" in printed or "grafana" in printed
    assert "gunicorn" in printed


def _check_merged(checkout: Checkout, example: str) -> str:
    """Put an example into the checkout's configuration, as pages say, and have amtool check it.

    Returns:
        The file as it was.
    """
    path = checkout.path / "alerting/alertmanager.yml"
    shipped = path.read_text()
    content, added = yaml.safe_load(shipped), yaml.safe_load(example)
    content["route"]["routes"] = added["route"]["routes"] + content["route"]["routes"]
    content["receivers"] += added.get("receivers", [])
    content["time_intervals"] = added.get("time_intervals", [])
    path.write_text(yaml.safe_dump(content))
    printed = run_as_written(["amtool check-config alerting/alertmanager.yml"], checkout)
    assert "SUCCESS" in printed
    if "receivers" not in added:
        path.write_text(shipped)
    return shipped
