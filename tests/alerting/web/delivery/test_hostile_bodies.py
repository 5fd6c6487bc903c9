"""Bodies that break receivers: never a 5xx, never a row for what is refused, never an echo."""

import json
from typing import Any

import pytest

from tests.alerting.bodies import a_body, an_alert
from tests.alerting.conftest import Inbox

_MARK = b'"MARK"'
_SENTINEL = "SENTINEL"


def _with(raw: bytes) -> bytes:
    """A good payload with an unknown field of any content."""
    return a_body(odd="MARK").replace(_MARK, raw)


def _label(raw: bytes) -> bytes:
    """A good payload with a label of any content."""
    return a_body(an_alert(labels={"odd": "MARK"})).replace(_MARK, raw)


def _alert(**fields: Any) -> bytes:  # noqa: ANN401
    return a_body(an_alert() | fields)


_CORPUS: dict[str, tuple[bytes, int]] = {
    # Not JSON.
    "empty": (b"", 400),
    "blank": (b" \n", 400),
    "text": (b"SENTINEL", 400),
    "cut off": (a_body()[:-1], 400),
    "two documents": (a_body() + a_body(), 400),
    "form": (b"payload=SENTINEL", 400),
    "single quotes": (b"{'version': '4'}", 400),
    "NUL bytes": (b"\0" * 100, 400),
    "raw control character in a string": (_label(b'"a\nb"'), 400),
    "UTF-16": (a_body().decode().encode("utf-16"), 400),
    "gzip": (b"\x1f\x8b\x08\0\0\0\0\0\0\x03SENTINEL", 400),
    "NaN": (_with(b"NaN"), 400),
    "Infinity": (_with(b"-Infinity"), 400),
    "hexadecimal": (_with(b"0x1f"), 400),
    "bad escape": (_label(b'"\\x41"'), 400),
    "half an escape": (_label(b'"\\ud8"'), 400),
    "depth 100,000 of lists": (b"[" * 100_000, 400),
    "depth 100,000 of objects": (b'{"a":' * 100_000, 400),
    "depth 500 in a field": (_with(b"[" * 500 + b"]" * 500), 400),
    # JSON, and not the payload.
    "null": (b"null", 422),
    "a number": (b"4", 422),
    "a list": (b"[]", 422),
    "an empty object": (b"{}", 422),
    "an object of another kind": (b'{"SENTINEL": "SENTINEL"}', 422),
    "version 3": (a_body(version="3"), 422),
    "alerts as an object": (a_body(alerts={"0": an_alert()}), 422),
    "an alert as text": (a_body(alerts=["SENTINEL"]), 422),
    "labels as a list": (_alert(labels=["SENTINEL"]), 422),
    "a label as a number": (_label(b"1"), 422),
    "a label as an object": (_alert(labels={"SENTINEL": {"SENTINEL": 1}}), 422),
    "an impossible day": (_alert(startsAt="2026-02-30T00:00:00Z"), 422),
    "a time before time": (_alert(startsAt="0001-01-01T00:00:00+14:00"), 422),
    "a time as a number": (_alert(startsAt=1e300), 422),
    "a huge number of cut alerts": (a_body(truncatedAlerts=10**40), 422),
    "a number too long to read": (a_body(truncatedAlerts="MARK").replace(_MARK, b"9" * 5000), 422),
    "no fingerprint": (_alert(fingerprint=None), 422),
    "an unknown status": (_alert(status=_SENTINEL), 422),
    # Odd, and still a delivery.
    "byte-order mark": (b"\xef\xbb\xbf" + a_body(), 200),
    "bytes that are not UTF-8": (_label(b'"\xff\xc0\xaf"'), 200),
    "an escaped NUL": (_label(b'"\\u0000"'), 200),
    "a NUL in a label's name": (a_body().replace(b'"severity"', b'"sev\\u0000"'), 200),
    "lone surrogates": (_label(b'"\\ud800 \\udc00\\ud800"'), 200),
    "surrogates as UTF-8": (_label(b'"\xed\xa0\x80"'), 200),
    "a number beyond any double": (_with(b"1e999"), 200),
    "5,000 digits": (_with(b"9" * 5000), 200),
    "the same key twice": (a_body().replace(b'"version"', b'"version": "3", "version"'), 200),
    "no alerts": (a_body(alerts=[]), 200),
    "the first and the last year": (
        _alert(startsAt="0001-01-01T00:00:00Z", endsAt="9999-12-31T23:59:59.999999999Z"),
        200,
    ),
    "markup and SQL": (_alert(labels={"alertname": "<script>'; DROP TABLE episodes;--"}), 200),
    "terminal codes": (_label(b'"\\u001b[2J\\r\\n\\u202e"'), 200),
    "10,000 labels": (_alert(labels={f"l{number}": "x" for number in range(10_000)}), 200),
}


@pytest.mark.parametrize(("body", "status"), _CORPUS.values(), ids=_CORPUS)
def test_hostile_body(inbox: Inbox, body: bytes, status: int) -> None:
    """The answer is the one that tells the truth, in one short line, and the inbox goes on."""
    answer = inbox.post(body)
    assert answer.status_code == status, answer.text
    assert len(answer.text) < 250
    assert "\n" not in answer.text
    assert _SENTINEL not in answer.text
    listed = inbox.alerts(state="all")
    if status != 200:
        assert listed == []
    assert inbox.client.get("/alerts/1").status_code == (200 if listed else 404)
    # A delivery afterwards gets the first number exactly if this one left no row.
    after = inbox.post(a_body(an_alert("after"))).json()
    assert after["delivery"] == (2 if status == 200 else 1)


def test_one_inbox_survives_the_whole_corpus(inbox: Inbox) -> None:
    """One after the other into the same store, and every list is still readable JSON."""
    taken = sum(inbox.post(body).status_code == 200 for body, _ in _CORPUS.values())
    assert taken == sum(status == 200 for _, status in _CORPUS.values())
    for state in ("firing", "resolved", "all"):
        assert json.dumps(inbox.alerts(state=state), allow_nan=False)
    assert inbox.metric('inbox_deliveries_total{outcome="unavailable"}') == 0
