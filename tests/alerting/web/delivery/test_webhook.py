"""The webhook: who may deliver, how much, how fast, and what the answer promises."""

import shutil
import socket
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.alerting.bodies import a_body, an_alert
from tests.alerting.conftest import Inbox, an_inbox, settings_in
from tests.alerting.servers import TOKEN
from tests.support.waiting import PATIENCE_SECONDS, wait_until

_NEW = "another-token-of-the-tests-9876"


def _rows(inbox: Inbox, table: str) -> int:
    connection = sqlite3.connect(inbox.settings.database_path)
    try:
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
    finally:
        connection.close()
    return int(count)


def test_a_delivery_is_stored_before_it_is_acknowledged(inbox: Inbox) -> None:
    """A 200 means that the row is there, with the request's id, and that it is counted."""
    answer = inbox.post(a_body())
    assert answer.status_code == httpx2.codes.OK
    assert answer.json() == {"delivery": 1, "transitions": 1}
    assert _rows(inbox, "deliveries") == 1
    timeline = inbox.client.get("/alerts/1").json()["timeline"]
    assert timeline[0]["requestId"] == answer.headers["x-request-id"]
    assert inbox.metric('inbox_deliveries_total{outcome="stored"}') == 1
    assert inbox.metric("inbox_transitions_total") == 1


def test_no_acknowledgement_before_the_commit(inbox: Inbox) -> None:
    """While another process holds the file there is no answer; then there is one, and a row."""
    assert inbox.client.get("/health/ready").status_code == 200
    holder = sqlite3.connect(inbox.settings.database_path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(inbox.post, a_body())
        wait_until(lambda: inbox.metric("http_requests_in_progress") == 1, "the delivery")
        for _ in range(20):
            assert inbox.client.get("/health/live").status_code == 200
        assert not answer.done()
        holder.execute("ROLLBACK")
        holder.close()
        assert answer.result().status_code == 200
    assert _rows(inbox, "deliveries") == 1


@pytest.mark.parametrize(
    "header",
    [
        None,
        b"",
        b"Bearer",
        b"Bearer x",
        b"Bearer wrong-token-wrong-token",
        b"Basic " + TOKEN.encode(),
        TOKEN.encode(),
        b"Bearer " + TOKEN.encode() + b"x",
        b"Bearer " + TOKEN.encode()[:-1],
        b"Bearer \xff\xfe\xe9",
    ],
)
def test_without_a_token_nothing_is_stored(inbox: Inbox, header: bytes | None) -> None:
    """Every other credential gives 401, whatever the body."""
    headers = {} if header is None else {b"Authorization": header}
    answer = inbox.client.post("/webhooks/alertmanager", content=a_body(), headers=headers)
    assert answer.status_code == httpx2.codes.UNAUTHORIZED
    assert answer.headers["www-authenticate"] == "Bearer"
    assert inbox.alerts() == []
    assert inbox.metric('inbox_deliveries_total{outcome="unauthorized"}') == 1


def test_the_scheme_is_case_insensitive(inbox: Inbox) -> None:
    """RFC 9110 section 11.1."""
    headers = {"Authorization": f"bearer {TOKEN}"}
    answer = inbox.client.post("/webhooks/alertmanager", content=a_body(), headers=headers)
    assert answer.status_code == httpx2.codes.OK


def test_tokens_rotate_without_a_restart(inbox: Inbox) -> None:
    """Both are valid while both files hold one; an emptied extra file takes its token back."""
    extra = inbox.settings.extra_token_file
    assert extra is not None
    assert inbox.post(a_body(), _NEW).status_code == 401
    extra.write_text(f"{_NEW}\n")
    assert [inbox.post(a_body(), token).status_code for token in (TOKEN, _NEW)] == [200, 200]
    inbox.settings.token_file.write_text(_NEW)
    assert [inbox.post(a_body(), token).status_code for token in (TOKEN, _NEW)] == [401, 200]
    extra.write_text(TOKEN)
    assert [inbox.post(a_body(), token).status_code for token in (TOKEN, _NEW)] == [200, 200]
    extra.write_text("")
    assert [inbox.post(a_body(), token).status_code for token in (TOKEN, _NEW)] == [401, 200]


def test_a_token_file_that_is_being_written_costs_nothing(inbox: Inbox) -> None:
    """While the main file is empty or gone the last good token stays valid, and only that."""
    inbox.settings.token_file.write_text("")
    assert inbox.post(a_body()).status_code == 200
    assert inbox.post(a_body(), "x").status_code == 401
    inbox.settings.token_file.unlink()
    assert inbox.post(a_body()).status_code == 200


def _chunks(total: int) -> Iterator[bytes]:
    chunk = b" " * 65536
    for _ in range(total // len(chunk)):
        yield chunk


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused(inbox: Inbox, *, chunked: bool) -> None:
    """By its declared length, and counted where none is declared."""
    size = inbox.settings.max_body_bytes + 65536
    content = _chunks(size) if chunked else b" " * size
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = inbox.client.post("/webhooks/alertmanager", content=content, headers=headers)
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"
    assert inbox.metric('inbox_deliveries_total{outcome="too_large"}') == 1


def test_a_body_at_the_limit_is_taken(inbox: Inbox) -> None:
    """The last byte that is allowed is allowed."""
    body = a_body()
    assert inbox.post(body.ljust(inbox.settings.max_body_bytes)).status_code == 200


def _begin(inbox: Inbox, declared_bytes: int) -> socket.socket:
    """Begin a delivery whose body never comes to its end."""
    address = urlsplit(inbox.url)
    connection = socket.create_connection((address.hostname, address.port or 0), PATIENCE_SECONDS)
    connection.sendall(
        f"POST /webhooks/alertmanager HTTP/1.1\r\nHost: inbox\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Length: {declared_bytes}\r\n\r\n{{".encode()
    )
    return connection


def test_a_declared_length_over_the_limit_is_not_waited_for(inbox: Inbox) -> None:
    """The answer comes before the body does."""
    with _begin(inbox, inbox.settings.max_body_bytes + 1) as connection:
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_body_that_does_not_arrive_is_not_waited_for(tmp_path: Path) -> None:
    """It is answered with 408 after the time it had, and the connection ends."""
    with an_inbox(settings_in(tmp_path, body_timeout_seconds=0.5)) as inbox:
        with _begin(inbox, 1000) as connection:
            answer = b"".join(iter(lambda: connection.recv(4096), b""))
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert inbox.metric('inbox_deliveries_total{outcome="timeout"}') == 1


def test_a_sender_that_leaves_stores_nothing(inbox: Inbox) -> None:
    """Half a body is no delivery."""
    _begin(inbox, 1000).close()
    sample = 'inbox_deliveries_total{outcome="disconnected"}'
    wait_until(lambda: inbox.metric(sample) == 1, "the sender is missed")
    assert inbox.alerts() == []


def test_a_store_that_is_gone_gives_503_until_it_is_back(inbox: Inbox) -> None:
    """Alertmanager retries a 503; without a restart the next delivery after the repair is taken."""
    folder = inbox.settings.database_path.parent
    away = folder.with_name("away")
    assert inbox.post(a_body()).status_code == 200
    folder.rename(away)
    answer = inbox.post(a_body())
    assert answer.status_code == httpx2.codes.SERVICE_UNAVAILABLE
    assert answer.json()["error"] == "the store is not available"
    assert inbox.client.get("/health/ready").status_code == 503
    assert inbox.client.get("/alerts").status_code == 503
    assert inbox.client.get("/health/live").status_code == 200
    assert inbox.metric('inbox_deliveries_total{outcome="unavailable"}') == 1
    away.rename(folder)
    assert inbox.post(a_body()).json() == {"delivery": 2, "transitions": 0}
    assert inbox.client.get("/health/ready").status_code == 200


def test_a_store_that_was_deleted_is_noticed(inbox: Inbox) -> None:
    """Writing on into a file that has no name any more would acknowledge and lose."""
    assert inbox.post(a_body()).status_code == 200
    shutil.rmtree(inbox.settings.database_path.parent)
    inbox.settings.database_path.parent.mkdir()
    assert inbox.post(a_body(an_alert("f2"))).status_code == 200
    assert _rows(inbox, "deliveries") == 1
    assert [alert["fingerprint"] for alert in inbox.alerts()] == ["f2"]


def test_the_same_body_many_times_at_once_is_one_transition(inbox: Inbox) -> None:
    """100 copies, 10 in parallel: all acknowledged, all counted, one change, one body kept."""
    body = a_body()
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda _: inbox.post(body), range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert sum(answer.json()["transitions"] for answer in answers) == 1
    assert [alert["deliveries"] for alert in inbox.alerts()] == [100]
    assert _rows(inbox, "transitions") == 1
    assert _rows(inbox, "bodies") == 1


def test_twins_differ_only_in_their_address(inbox: Inbox) -> None:
    """Two Alertmanagers of a pair make two deliveries and one transition."""
    inbox.post(a_body(externalURL="http://one:9093"))
    assert inbox.post(a_body(externalURL="http://two:9093")).json()["transitions"] == 0
    assert [alert["deliveries"] for alert in inbox.alerts()] == [2]


def test_a_thousand_alerts_fit_into_one_delivery(inbox: Inbox) -> None:
    """One incident of everything at once."""
    text = {"description": "x" * 1024}
    names = (f"{number:016x}" for number in range(1000))
    body = a_body(*(an_alert(name, annotations=text) for name in names))
    assert inbox.post(body).json()["transitions"] == 1000
    assert _rows(inbox, "episodes") == 1000


def test_one_bad_alert_does_not_block_the_healthy_ones(inbox: Inbox) -> None:
    """What is poison for a store is cleaned, and everything in the group is there."""
    poison = an_alert("f1", labels={"odd": "a\0b\ud800"}, annotations={"long": "x" * 2_000_000})
    assert inbox.post(a_body(poison, an_alert("f2"))).status_code == 200
    healthy, cleaned = inbox.alerts()
    assert healthy["fingerprint"] == "f2"
    assert cleaned["labels"]["odd"] == "a\ufffdb\ufffd"
    assert len(cleaned["annotations"]["long"]) < 20_000


def test_the_watchdog_and_what_fires_are_in_the_metrics(fresh_inbox: Inbox) -> None:
    """By severities from a closed set; the watchdog's time only moves while it fires."""
    inbox = fresh_inbox
    assert inbox.metric("inbox_watchdog_last_seen_timestamp_seconds") == 0
    labels = {"alertname": "Watchdog", "service": "prometheus", "severity": "<none>"}
    before = time.time()
    inbox.post(a_body(an_alert("f1"), an_alert("f2", labels=labels)))
    seen = inbox.metric("inbox_watchdog_last_seen_timestamp_seconds")
    assert before <= seen <= time.time()
    assert inbox.metric('inbox_alerts_firing{severity="page"}') == 1
    assert inbox.metric('inbox_alerts_firing{severity="other"}') == 1
    ended = "2026-11-24T11:00:00Z"
    inbox.post(a_body(an_alert("f1", ends_at=ended), an_alert("f2", ends_at=ended, labels=labels)))
    assert inbox.metric("inbox_watchdog_last_seen_timestamp_seconds") == seen
    assert inbox.metric('inbox_alerts_firing{severity="page"}') == 0
    assert inbox.metric('inbox_alerts_firing{severity="other"}') == 0
