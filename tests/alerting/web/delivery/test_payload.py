"""What the payload's reader takes, cleans and refuses."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.inbox.errors import NotJSONError, NotPayloadError
from alerting.inbox.web.delivery.payload import parse
from tests.alerting.bodies import ZERO_TIME, a_body, a_delivery, an_alert


def test_reads_what_alertmanager_sends() -> None:
    """Every field of the version 4 payload that the inbox uses is there."""
    resolved = an_alert("f2", ends_at="2026-11-24T12:00:00+02:00")
    delivery, _ = parse(a_body(an_alert("f1"), resolved, truncatedAlerts=3))
    assert delivery.receiver == "inbox"
    assert delivery.truncated_alerts == 3
    first, second = delivery.alerts
    assert first.starts_at == datetime(2026, 11, 24, 10, 0, 0, 123456, UTC)
    assert first.ends_at is None
    assert second.ends_at == datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
    assert second.status == "resolved"


def test_keeps_unknown_fields() -> None:
    """A field that a later Alertmanager adds is kept, in the delivery and in each alert."""
    alert = an_alert() | {"silencedBy": ["x"]}
    _, kept = parse(a_body(alert, notificationReason="new"))
    content = json.loads(kept)
    assert content["notificationReason"] == "new"
    assert content["alerts"][0]["silencedBy"] == ["x"]


@pytest.mark.parametrize("name", ["labels", "annotations"])
def test_null_maps_are_empty(name: str) -> None:
    """Go writes a map that was never made as null."""
    delivery, _ = parse(a_body(an_alert() | {name: None}))
    assert getattr(delivery.alerts[0], name) == {}


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (b"a\\u0000b", "a\ufffdb"),
        (b"\\ud800", "\ufffd"),
        (b"\\udfff tail", "\ufffd tail"),
        (b"\\ud83d\\ude00", "\U0001f600"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"\\u202e\\r\\n", "\u202e\r\n"),
    ],
)
def test_cleans_what_a_store_chokes_on(raw: bytes, clean: str) -> None:
    """NUL, lone surrogates and broken UTF-8 become U+FFFD; everything else stays as it is."""
    body = a_body(an_alert(labels={"odd": "MARK"}, annotations={"MARK": "x"}))
    delivery, kept = parse(body.replace(b"MARK", raw))
    assert delivery.alerts[0].labels["odd"] == clean
    assert delivery.alerts[0].annotations == {clean: "x"}
    assert kept.encode()


@given(st.text(st.characters(codec=None)))
def test_any_text_comes_out_storable(text: str) -> None:
    """Whatever a label holds, what is kept is UTF-8 without NUL."""
    delivery, kept = parse(a_body(an_alert(labels={"odd": text})))
    stored = delivery.alerts[0].labels["odd"].encode()
    assert b"\0" not in stored
    assert json.loads(kept.encode()) == json.loads(kept)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_cleanly(body: bytes) -> None:
    """Noise is refused as what it is, and with nothing but these two errors."""
    with pytest.raises((NotJSONError, NotPayloadError)):
        parse(body)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", "5"),
        ("version", 4),
        ("receiver", None),
        ("status", "maybe"),
        ("alerts", {}),
        ("alerts", "none"),
        ("truncatedAlerts", -1),
        ("truncatedAlerts", 2**63),
        ("truncatedAlerts", True),
    ],
)
def test_refuses_a_wrong_field(field: str, value: object) -> None:
    """The reason names the field."""
    with pytest.raises(NotPayloadError, match=f"^{field}: "):
        parse(a_body(**{field: value}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "pending"),
        ("labels", {"a": 1}),
        ("labels", []),
        ("annotations", {"a": {"b": "c"}}),
        ("startsAt", None),
        ("startsAt", 1700000000),
        ("startsAt", "1700000000"),
        ("startsAt", "2026-11-24"),
        ("startsAt", "2026-11-24T10:00:00"),
        ("startsAt", "2026-13-24T10:00:00Z"),
        ("startsAt", "0001-01-01T00:00:00+05:00"),
        ("startsAt", "9999-12-31T23:59:59-05:00"),
        ("endsAt", "soon"),
        ("fingerprint", ""),
        ("fingerprint", 7),
    ],
)
def test_refuses_a_wrong_field_of_an_alert(field: str, value: object) -> None:
    """The reason names the alert and the field."""
    with pytest.raises(NotPayloadError, match=rf"^alerts\.1\.{field}: "):
        parse(a_body(an_alert(), an_alert() | {field: value}))


def test_a_reason_never_repeats_the_input() -> None:
    """Neither a value nor a key of the sender gets into the answer."""
    alert: dict[str, Any] = an_alert() | {"labels": {"SENTINEL": 1}, "startsAt": "SENTINEL"}
    for body in (a_body(alert), a_body(an_alert() | {"startsAt": "SENTINEL"}), b"SENTINEL"):
        with pytest.raises((NotJSONError, NotPayloadError)) as caught:
            parse(body)
        assert "SENTINEL" not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_depth_has_an_end() -> None:
    """What nests deeper than any payload is refused, at 33 levels and at 100,000 alike."""
    for levels in (33, 100_000):
        nested = b"[" * levels + b"]" * levels
        with pytest.raises(NotJSONError, match="deep"):
            parse(a_body(odd="MARK").replace(b'"MARK"', nested))
    parse(a_body(odd="MARK").replace(b'"MARK"', b"[" * 20 + b"]" * 20))


@pytest.mark.parametrize("literal", ["1e999", "-1e999", "9" * 5000])
def test_numbers_nothing_can_hold_are_kept_as_text(literal: str) -> None:
    """What is kept stays JSON that everyone can read."""
    _, kept = parse(a_body(odd="MARK").replace(b'"MARK"', literal.encode()))
    assert json.loads(kept)["odd"] == literal


def test_a_byte_order_mark_is_no_fault() -> None:
    """RFC 8259 lets a reader ignore it."""
    delivery, _ = parse(b"\xef\xbb\xbf" + json.dumps(a_delivery()).encode())
    assert delivery.alerts[0].ends_at is None
    assert ZERO_TIME not in str(delivery.alerts[0].starts_at)
