"""The runbooks that alerts link to."""

import pytest

from tests.alerting.conftest import Inbox
from tests.alerting.servers import ROOT


def test_runbooks_are_served_by_name(inbox: Inbox) -> None:
    """As text that a browser shows."""
    answer = inbox.client.get("/runbooks/Watchdog")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == (ROOT / "alerting" / "runbooks" / "Watchdog.md").read_text()


@pytest.mark.parametrize(
    "name",
    ["Nothing", "..%2falertmanager.yml", "%2fetc%2fpasswd", "Wat*",
     "..%2frunbooks%2fWatchdog", "Watchdog%00", "%2e%2e%2fREADME", "", "." * 150],
)  # fmt: skip
def test_nothing_else_is_a_runbook(inbox: Inbox, name: str) -> None:
    """A name is looked up in the list of what there is and never made a path."""
    assert inbox.client.get(f"/runbooks/{name}").status_code == 404
