"""What spans say of the process."""

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, TraceFlags

from burnrate.telemetry.traces.provider import HashedResource

ATTRIBUTES = {"service.name": "shop", "deployment.replicas": (1, 2)}


def spans(resource: Resource) -> list[ReadableSpan]:
    context = SpanContext(1, 1, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return [ReadableSpan(name, context, resource=resource) for name in "abc"]


def test_a_resource_is_hashed_once_for_all_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK writes it as JSON each time: for each span as long as an eighth of encoding it."""
    asked = 0
    plain = Resource.__hash__

    def counted(resource: Resource) -> int:
        nonlocal asked
        asked += 1
        return plain(resource)

    monkeypatch.setattr(Resource, "__hash__", counted)
    encode_spans(spans(HashedResource(Resource(ATTRIBUTES, "https://example.org/1"))))

    assert asked == 1


def test_it_is_what_it_was_made_of() -> None:
    """The collector sees no difference, and an equal resource is the same one."""
    resource = Resource(ATTRIBUTES, "https://example.org/1")
    hashed = HashedResource(resource)

    assert hashed == resource
    assert hash(hashed) == hash(resource)
    assert encode_spans(spans(hashed)) == encode_spans(spans(resource))
    assert hashed.merge(Resource({"more": "x"})) == resource.merge(Resource({"more": "x"}))
