"""Attempts, waits, holds and who waits: exact, also when an acquirer is cancelled."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest
from prometheus_client import CollectorRegistry

from burnrate.telemetry import Telemetry
from burnrate.telemetry.pools import PoolFull, PoolMeter, PoolTimeout
from tests.support.waiting import PATIENCE_SECONDS, wait_until_async


def value(registry: CollectorRegistry, name: str, **labels: str) -> float:
    found = registry.get_sample_value(name, {"pool": "test", **labels})
    assert found is not None, f"{name} {labels} is not there"
    return found


@pytest.fixture
def meter(telemetry: Telemetry) -> PoolMeter:
    return telemetry.pool("test", max_connections=3, idle=lambda: 2)


async def give(_: object = None) -> str:
    return "connection"


async def take_back(_: str) -> None:
    return None


def failing(error: BaseException) -> Callable[[], Awaitable[str]]:
    async def acquire() -> str:
        raise error

    return acquire


def test_hold_shows_used_while_it_lasts(registry: CollectorRegistry, meter: PoolMeter) -> None:
    """Used and idle during, nothing used after, one attempt, one wait, one use."""

    async def hold() -> None:
        async with meter.hold(give, take_back) as connection:
            assert connection == "connection"
            assert value(registry, "pool_connections", state="used") == 1
            assert value(registry, "pool_connections", state="idle") == 2

    asyncio.run(hold())
    assert value(registry, "pool_connections", state="used") == 0
    assert value(registry, "pool_max_connections") == 3
    assert value(registry, "pool_acquire_total", outcome="ok") == 1
    assert value(registry, "pool_wait_seconds_count") == 1
    assert value(registry, "pool_use_seconds_count") == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (PoolTimeout("late"), "timeout"),
        (TimeoutError(), "timeout"),
        (asyncio.CancelledError(), "timeout"),
        (PoolFull("full"), "full"),
        (OSError("refused"), "error"),
    ],
)
def test_failed_attempt_is_counted_and_holds_nothing(
    registry: CollectorRegistry, meter: PoolMeter, error: BaseException, outcome: str
) -> None:
    """The SLI divides by attempts, so failed ones count and their waits do as well."""

    async def hold() -> None:
        async with meter.hold(failing(error), take_back):
            raise AssertionError("unreachable")

    with pytest.raises(type(error)):
        asyncio.run(hold())
    assert value(registry, "pool_acquire_total", outcome=outcome) == 1
    assert value(registry, "pool_wait_seconds_count") == 1
    assert value(registry, "pool_connections", state="used") == 0
    assert value(registry, "pool_pending_requests") == 0


def test_outcomes_exist_before_the_first_failure(
    registry: CollectorRegistry, meter: PoolMeter
) -> None:
    """`rate()` does not see a first sample."""
    assert meter is not None
    for outcome in ("ok", "timeout", "full", "error"):
        assert value(registry, "pool_acquire_total", outcome=outcome) == 0


def test_connection_is_given_back_when_the_block_fails(
    registry: CollectorRegistry, meter: PoolMeter
) -> None:
    """An error inside the block is not the pool's."""

    async def hold() -> None:
        async with meter.hold(give, take_back):
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        asyncio.run(hold())
    assert value(registry, "pool_connections", state="used") == 0
    assert value(registry, "pool_acquire_total", outcome="ok") == 1


class Blocked:
    """A function for the executor that runs until it is told to end."""

    def __init__(self) -> None:
        self.end = threading.Event()

    def __call__(self) -> str:
        assert self.end.wait(PATIENCE_SECONDS)
        return "done"


def test_executor_refuses_times_out_and_recovers(
    telemetry: Telemetry, registry: CollectorRegistry
) -> None:
    """One thread, one place to wait: the second waits until its time-out, the third is refused."""
    executor = telemetry.executor(max_workers=1, max_pending=1, timeout_seconds=0.1, name="test")
    work = Blocked()

    async def scenario() -> None:
        first = asyncio.create_task(executor.run(work))
        await wait_until_async(lambda: value(registry, "pool_connections", state="used") == 1)
        second = asyncio.create_task(executor.run(work))
        await wait_until_async(lambda: value(registry, "pool_pending_requests") == 1)
        with pytest.raises(PoolFull):
            await executor.run(work)
        with pytest.raises(PoolTimeout):
            await second
        work.end.set()
        assert await first == "done"
        assert await executor.run(work) == "done"

    asyncio.run(scenario())
    executor.shutdown()
    outcomes = {
        each: value(registry, "pool_acquire_total", outcome=each)
        for each in ("ok", "full", "timeout", "error")
    }
    assert outcomes == {"ok": 2, "full": 1, "timeout": 1, "error": 0}


def test_what_is_short_finds_a_thread_beside_what_is_long(
    telemetry: Telemetry, registry: CollectorRegistry
) -> None:
    """Long ones have their own line: who gives up in it, or is refused, holds nothing."""
    executor = telemetry.executor(
        max_workers=2, max_pending=1, timeout_seconds=60, max_long=1, name="test"
    )
    work = Blocked()

    async def scenario() -> None:
        first = asyncio.create_task(executor.run_long(work))
        await wait_until_async(lambda: value(registry, "pool_connections", state="used") == 1)
        second = asyncio.create_task(executor.run_long(work))
        await wait_until_async(lambda: value(registry, "pool_pending_requests") == 1)
        with pytest.raises(PoolFull):
            await executor.run_long(work)
        assert await executor.run(len, "four") == 4
        second.cancel()
        await asyncio.wait({second})
        work.end.set()
        assert await first == "done"
        assert await executor.run_long(work) == "done"
        await wait_until_async(lambda: value(registry, "pool_connections", state="idle") == 2)

    asyncio.run(scenario())
    executor.shutdown()


def test_cancelled_caller_leaves_its_thread_counted_until_it_ends(
    telemetry: Telemetry, registry: CollectorRegistry
) -> None:
    """A thread cannot be interrupted; to call it free would overbook the pool."""
    executor = telemetry.executor(max_workers=1, max_pending=1, timeout_seconds=1, name="test")
    work = Blocked()

    async def scenario() -> None:
        caller = asyncio.create_task(executor.run(work))
        await wait_until_async(lambda: value(registry, "pool_connections", state="used") == 1)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert value(registry, "pool_connections", state="used") == 1
        assert value(registry, "pool_connections", state="idle") == 0
        work.end.set()
        await wait_until_async(lambda: value(registry, "pool_connections", state="used") == 0)
        assert value(registry, "pool_connections", state="idle") == 1

    asyncio.run(scenario())
    executor.shutdown()
