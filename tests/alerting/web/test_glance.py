"""The verdict alone, for tabs that nobody looks at."""

import httpx2

from tests.alerting.bodies import a_body, an_alert
from tests.alerting.conftest import Inbox


def test_the_verdict_has_an_etag(inbox: Inbox) -> None:
    """Nothing is sent while it is the same; a new page is another one."""
    first = inbox.client.get("/state")
    assert first.json()["headline"] == "Nothing is firing, as far as is known"
    known = {"If-None-Match": first.headers["etag"]}
    again = inbox.client.get("/state", headers=known)
    assert (again.status_code, again.content) == (httpx2.codes.NOT_MODIFIED, b"")
    inbox.post(a_body(an_alert("f1")))
    changed = inbox.client.get("/state", headers=known)
    assert changed.status_code == httpx2.codes.OK
    assert changed.json() | {"detail": ""} == {
        "mood": "page",
        "headline": "1 page firing",
        "detail": "",
        "pages": 1,
        "tickets": 0,
    }


def test_a_store_that_is_broken_is_a_verdict(fresh_inbox: Inbox) -> None:
    """Not an error that a tab would show as no answer."""
    folder = fresh_inbox.settings.database_path.parent
    for path in folder.iterdir():
        path.unlink()
    fresh_inbox.settings.database_path.mkdir()
    state = fresh_inbox.client.get("/state").json()
    assert (state["mood"], state["headline"]) == ("blind", "The store is not available")
