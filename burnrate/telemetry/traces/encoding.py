"""Spans as an OTLP request, encoded with what earlier ones had in common.

The SDK's encoder makes a message for every attribute of every span, and hashes the resource for
each: 30 µs a span. Most attributes are the same few, so their bytes are kept here, and a span takes
4 µs: the fields of a protobuf message may stand one after the other in any order. A test compares
the outcome with the SDK's. https://github.com/open-telemetry/opentelemetry-proto, trace.proto
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, SpanFlags, Status
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

# The types of value that are encoded here; spans with others are the SDK's to encode.
_ANY_VALUE: Final[Mapping[type, Callable[[Any], AnyValue]]] = {
    str: lambda value: AnyValue(string_value=value),
    bool: lambda value: AnyValue(bool_value=value),
    int: lambda value: AnyValue(int_value=value),
}
# Longer ones (statements, messages) would fill the cache with what never comes again.
_LONGEST_KEPT: Final = 128
# Numbers of fields in OTLP's trace.proto; _VARYING is a span's ids and times, each behind its tag.
_RESOURCE_SPANS: Final = 1
_SCOPE_SPANS: Final = 2
_SPANS: Final = 2
_ATTRIBUTES: Final = 9
_TRACE_ID: Final = b"\x0a\x10"
_SPAN_ID: Final = b"\x12\x08"
_PARENT_ID: Final = b"\x22\x08"
_START: Final = b"\x39"
_END: Final = b"\x41"
_SEVEN_BITS: Final = 0x7F
_MORE: Final = 0x80
_VARYING: Final = struct.Struct("<2s16s2s8scQcQ")


def encode(spans: Sequence[ReadableSpan]) -> bytes:
    """Return the body of an OTLP request with these spans."""
    origins: dict[tuple[int, object], list[ReadableSpan]] = {}
    for span in spans:
        origins.setdefault((id(span.resource), span.instrumentation_scope), []).append(span)
    return b"".join(_resource_spans(each) for each in origins.values())


def _resource_spans(spans: list[ReadableSpan]) -> bytes:
    """Encode spans of one origin; what stands around them is the SDK's."""
    resource = encode_spans(spans[:1]).resource_spans[0]
    scope = resource.scope_spans[0]
    del scope.spans[:]
    inner = [scope.SerializeToString(), *(_field(_SPANS, _span(each)) for each in spans)]
    del resource.scope_spans[:]
    outer = resource.SerializeToString() + _field(_SCOPE_SPANS, b"".join(inner))
    return _field(_RESOURCE_SPANS, outer)


def _span(span: ReadableSpan) -> bytes:
    context, parent = span.context, span.parent
    attributes = _attributes(span)
    if context is None or attributes is None:
        sdk: bytes = (
            encode_spans([span]).resource_spans[0].scope_spans[0].spans[0].SerializeToString()
        )
        return sdk
    is_remote = parent is not None and parent.is_remote
    fixed = _fixed(span.name, span.kind, span.status.status_code, is_parent_remote=is_remote)
    varying = _VARYING.pack(
        _TRACE_ID, context.trace_id.to_bytes(16, "big"),
        _SPAN_ID, context.span_id.to_bytes(8, "big"),
        _START, span.start_time,
        _END, span.end_time,
    )  # fmt: skip
    if parent is not None:
        varying += _PARENT_ID + parent.span_id.to_bytes(8, "big")
    return b"".join((varying, fixed, *attributes))


def _attributes(span: ReadableSpan) -> list[bytes] | None:
    """Encode a span's attributes; None where it holds what only the SDK's encoder knows."""
    if (
        span.events
        or span.links
        or span.dropped_attributes
        or span.status.description
        or (span.context is not None and span.context.trace_state)
    ):
        return None
    try:
        return [
            (_kept if type(value) is not str or len(value) <= _LONGEST_KEPT else _attribute)(
                key, value
            )
            for key, value in (span.attributes or {}).items()
        ]
    except (KeyError, TypeError, ValueError):  # of another type, unhashable, too large a number
        return None


def _attribute(key: str, value: object) -> bytes:
    pair = KeyValue(key=key, value=_ANY_VALUE[type(value)](value))
    return _field(_ATTRIBUTES, pair.SerializeToString())


_kept: Final = lru_cache(maxsize=4096, typed=True)(_attribute)


@lru_cache(maxsize=1024)
def _fixed(name: str, kind: SpanKind, status: StatusCode, *, is_parent_remote: bool) -> bytes:
    """Encode what the spans of one kind of request have in common."""
    flags: int = SpanFlags.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
    if is_parent_remote:
        flags |= SpanFlags.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK
    fixed = Span(name=name, flags=flags)
    fixed.kind = Span.SpanKind.Value(f"SPAN_KIND_{kind.name}")
    fixed.status.code = Status.StatusCode.Value(f"STATUS_CODE_{status.name}")
    fixed.status.SetInParent()  # the SDK sends an empty one, too
    encoded: bytes = fixed.SerializeToString()
    return encoded


def _field(number: int, content: bytes) -> bytes:
    """Return a field of protobuf's wire type 2: its number, its length, its content."""
    head = bytearray((number << 3 | 2,))
    size = len(content)
    while size > _SEVEN_BITS:
        head.append(size & _SEVEN_BITS | _MORE)
        size >>= 7
    head.append(size)
    return bytes(head) + content
