"""docs/backup.md, followed to the letter: what was backed up is there again."""

import tarfile
import time
from typing import Any

import httpx2
import pytest

from tests.alerting.bodies import a_body, an_alert
from tests.docs.pages import run_as_written, under
from tests.servers.checkout import ROOT, Checkout
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

_PAGE = ROOT / "docs/backup.md"
_FINGERPRINT = "00c0ffee00c0ffee"


class _Stack:
    """What the test puts into a running stack, and asks of it."""

    def __init__(self, checkout: Checkout) -> None:
        self._checkout = checkout

    def url(self, part: str, path: str) -> str:
        """Return an address of a part."""
        return self._checkout.url(part, path)

    def add_user(self, name: str) -> int:
        """Have the service write a row."""
        new = {"name": name, "email": f"{name}@example.org"}
        answer = httpx2.post(self.url("nginx", "/users"), json=new)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def status_of_user(self, number: int) -> int:
        """Return how the service answers for a row: 200 or 404."""
        return httpx2.get(self.url("nginx", f"/users/{number}")).status_code

    def deliver(self) -> None:
        """Have the inbox store an alert."""
        token = (self._checkout.path / ".burnrate/secrets/inbox_token").read_text().strip()
        answer = httpx2.post(
            self._checkout.url_without_login("inbox", "/webhooks/alertmanager"),
            content=a_body(an_alert(_FINGERPRINT)),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        assert answer.status_code == 200, answer.text

    def delivered(self) -> list[dict[str, Any]]:
        """Return what the inbox has of that alert."""
        alerts = httpx2.get(self.url("inbox", "/alerts")).json()["alerts"]
        return [each for each in alerts if each["fingerprint"] == _FINGERPRINT]

    def samples(self, moment: float) -> list[Any]:
        """Return what Prometheus knew of itself at a moment."""
        query = {"query": 'up{job="prometheus"}', "time": f"{moment:.3f}"}
        answer = httpx2.get(self.url("prometheus", "/api/v1/query"), params=query).json()
        found: list[Any] = answer["data"]["result"]
        return found


def test_what_the_page_backs_up_it_restores(checkout: Checkout) -> None:
    """Rows, alerts, metrics and secrets are those of the backup; what came later is gone."""
    stack = _Stack(checkout)
    kept = stack.add_user("kept")
    stack.deliver()
    wait_until(lambda: stack.samples(time.time()), "a scrape")
    moment = time.time()

    run_as_written(under(_PAGE, "While everything runs"), checkout)

    _check_secrets(checkout)
    later = stack.add_user("later")
    assert httpx2.delete(stack.url("nginx", f"/users/{kept}")).status_code == 204
    _lose_files(checkout)
    assert stack.status_of_user(kept) == 404
    assert stack.delivered() == []
    assert stack.samples(moment) == []

    run_as_written(under(_PAGE, "Restore"), checkout)

    wait_until(lambda: stack.status_of_user(kept) == 200, "the row that was kept")
    assert stack.status_of_user(later) == 404
    assert len(stack.delivered()) == 1
    assert stack.samples(moment)
    assert checkout.run("status").returncode == 0


def test_a_stopped_stack_is_copied_as_a_whole(checkout: Checkout) -> None:
    """Every part's data and the secrets are in it, and the stack comes back as it was."""
    stack = _Stack(checkout)
    there = stack.add_user("there")

    run_as_written(under(_PAGE, "Everything at once"), checkout)

    with tarfile.open(checkout.path / "backup/everything.tar") as archive:
        names = set(archive.getnames())
    assert {".burnrate/secrets/postgres_password", ".burnrate/data/prometheus"} <= names
    assert ".burnrate/data/inbox/inbox.sqlite3" in names
    wait_until(lambda: stack.status_of_user(there) == 200, "the row, after the start")


def _check_secrets(checkout: Checkout) -> None:
    """All of them are in the archive, and nobody else may read it."""
    path = checkout.path / "backup/secrets.tar"
    assert path.stat().st_mode & 0o077 == 0
    with tarfile.open(path) as archive:
        members = {each.name: each.mode for each in archive if each.isfile()}
    secrets = {each.name for each in (checkout.path / ".burnrate/secrets").iterdir()}
    assert members.keys() == {f".burnrate/secrets/{name}" for name in secrets}
    assert set(members.values()) == {0o600}


def _lose_files(checkout: Checkout) -> None:
    """Have the inbox and Prometheus begin with nothing."""
    for part in ("inbox", "prometheus"):
        lose = [
            f".venv/bin/burnrate stack stop {part}",
            f"rm -rf .burnrate/data/{part}/*",
            f".venv/bin/burnrate stack start {part}",
        ]
        run_as_written(lose, checkout)
