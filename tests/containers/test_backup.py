"""docs/backup.md with containers, followed to the letter."""

import tarfile
import time

import httpx2
import pytest

from tests.containers.running import RunningContainers
from tests.containers.stack import Containers
from tests.docs.pages import run_as_written, under
from tests.servers.checkout import ROOT
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.containers]

_PAGE = ROOT / "docs/backup.md"
_SCRAPED = 'up{job="prometheus"}'


def test_what_the_page_backs_up_it_restores(stack: Containers) -> None:
    """Rows, alerts, metrics and secrets are those of the backup; what came later is gone."""
    if isinstance(stack, RunningContainers):
        pytest.skip("would restore the data of a stack that somebody uses")
    kept = _add_user(stack, "kept")
    wait_until(lambda: bool(stack.query(_SCRAPED)), "a scrape")
    moment = time.time()
    wait_until(lambda: bool(stack.alerts("firing", alertname="Watchdog")), "an alert")
    known = stack.alerts("firing", alertname="Watchdog")[0]["id"]

    run_as_written(under(_PAGE, "Containers: while everything runs"), stack)

    with tarfile.open(stack.path / "backup/secrets.tar") as archive:
        assert "secrets/postgres_password" in archive.getnames()
    later = _add_user(stack, "later")
    assert httpx2.delete(stack.url("nginx", kept)).status_code == 204

    run_as_written(under(_PAGE, "Containers: restore"), stack)

    assert httpx2.get(stack.url("nginx", kept)).status_code == 200
    assert httpx2.get(stack.url("nginx", later)).status_code == 404
    assert httpx2.get(stack.url("inbox", f"/alerts/{known}")).status_code == 200
    assert stack.query(f"{_SCRAPED} @ {moment:.3f}")


def test_a_stopped_stack_is_copied_as_a_whole(stack: Containers) -> None:
    """Every volume is in it, and the stack comes back."""
    if isinstance(stack, RunningContainers):
        pytest.skip("would stop a stack that somebody uses")
    run_as_written(under(_PAGE, "Containers: everything at once"), stack)

    with tarfile.open(stack.path / "backup/everything.tar") as archive:
        names = archive.getnames()
    assert "./inbox-data/inbox.sqlite3" in names
    assert "./postgres-data/pgdata/PG_VERSION" in names
    assert "./secrets/inbox_token" in names
    assert httpx2.get(stack.url("nginx", "/health/ready")).status_code == 200


def _add_user(stack: Containers, name: str) -> str:
    """Have the service write a row; returns its path."""
    unique = f"{name}-{time.time_ns()}"
    user = {"name": unique, "email": f"{unique}@example.org"}
    answer = httpx2.post(stack.url("nginx", "/users"), json=user)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])
