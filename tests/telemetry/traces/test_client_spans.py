"""The spans of calls to Redis and other services: when there are any, and what they may say."""

import asyncio
import importlib
import socket
from collections.abc import Iterator

import httpx2
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from burnrate.telemetry.context import RequestInfo, current
from burnrate.telemetry.traces import clients


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Where the spans of instrumented clients end; the clients are as before afterwards."""
    for _, module, _ in clients._CLIENTS:
        if not module.endswith(".httpx"):
            instrumentation = importlib.import_module(module)
            # Also holds the name to what the packages call it today.
            monkeypatch.setattr(
                instrumentation,
                "is_instrumentation_enabled",
                instrumentation.is_instrumentation_enabled,
            )
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    clients.instrument_clients(provider)
    yield exporter
    for _, module, name in clients._CLIENTS:
        getattr(importlib.import_module(module), name)().uninstrument()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port where nobody listens: a call that fails has a span as well."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def spans_of_redis_call(
    exporter: InMemorySpanExporter, port: int, request: RequestInfo | None
) -> tuple[ReadableSpan, ...]:
    """Call a Redis in a request, or outside of one."""

    async def call() -> None:
        token = current.set(request)
        try:
            async with Redis(port=port, retry=Retry(NoBackoff(), 0)) as redis:
                with pytest.raises(RedisError):
                    await redis.get("key")
        finally:
            current.reset(token)

    asyncio.run(call())
    return exporter.get_finished_spans()


def test_a_call_in_a_sampled_request_has_a_span(
    exporter: InMemorySpanExporter, closed_port: int
) -> None:
    """So has one outside of any request."""
    request = RequestInfo("request", "0" * 31 + "1", "0" * 15 + "1", is_sampled=True)
    assert len(spans_of_redis_call(exporter, closed_port, request)) == 1
    assert len(spans_of_redis_call(exporter, closed_port, None)) == 2


def test_a_call_in_a_request_that_is_not_sampled_is_not_looked_at(
    exporter: InMemorySpanExporter, closed_port: int
) -> None:
    """The sampler here would take it: it is not asked."""
    request = RequestInfo("request", "0" * 31 + "1", "0" * 15 + "1", is_sampled=False)
    assert not spans_of_redis_call(exporter, closed_port, request)


def test_the_address_of_an_outgoing_request_ends_at_the_server(
    exporter: InMemorySpanExporter, closed_port: int
) -> None:
    """The path of a webhook is its secret."""
    address = f"http://user:secret@127.0.0.1:{closed_port}/secret?token=secret"
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(address)

    async def get() -> None:
        async with httpx2.AsyncClient() as client:
            with pytest.raises(httpx2.ConnectError):
                await client.get(address)

    asyncio.run(get())
    spans = exporter.get_finished_spans()
    assert len(spans) == 2
    for span in spans:
        attributes = dict(span.attributes or {})
        assert f"http://127.0.0.1:{closed_port}/" in attributes.values()
        assert "secret" not in str(attributes)
