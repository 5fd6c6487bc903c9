"""HEAD answers what GET answers, without the body."""

import pytest

from tests.alerting.bodies import a_body
from tests.alerting.conftest import Inbox

PATHS = ("/", "/alerts", "/alerts/1", "/alerts/99", "/episodes/1", "/health/live", "/health/ready",
         "/runbooks/ServiceDown", "/openapi.json", "/metrics", "/nowhere",
         "/webhooks/alertmanager")  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_head_answers_what_get_answers(inbox: Inbox, path: str) -> None:
    """Its status and its headers."""
    inbox.post(a_body())
    get, head = inbox.client.get(path), inbox.client.head(path)
    assert head.status_code == get.status_code
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert set(head.headers) == set(get.headers)
    assert head.content == b""


def test_head_of_the_stream_is_refused(inbox: Inbox) -> None:
    """It would never end."""
    assert inbox.client.head("/events").status_code == 405
