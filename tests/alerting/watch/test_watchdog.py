"""The dead man's switch."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from prometheus_client import CollectorRegistry

from alerting.inbox.change_signal import ChangeSignal
from alerting.inbox.metrics import InboxMetrics
from alerting.inbox.watch.dead_mans_switch import DeadMansSwitch
from alerting.inbox.watch.fallback import Fallback
from alerting.inbox.watch.watchdog import Watchdog


class _Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    """A clock that is set by hand."""
    return _Clock()


@pytest.fixture
def watchdog(clock: _Clock) -> Watchdog:
    """One that is late after 150 s."""
    return Watchdog(150, clock)


def test_is_late_once_it_is_silent_for_too_long(watchdog: Watchdog, clock: _Clock) -> None:
    """Alertmanager is dead, or the way from it; the wait starts with the process."""
    clock.now += 150
    assert not watchdog.verdict().is_late
    clock.now += 1
    assert watchdog.verdict().is_late
    watchdog.note_arrival(is_firing=True)
    assert not watchdog.verdict().is_late


def test_is_late_at_once_when_it_resolves(watchdog: Watchdog) -> None:
    """It always fires: that it does not means that Prometheus is gone."""
    watchdog.note_arrival(is_firing=False)
    assert "Prometheus" in watchdog.verdict().reason


def test_is_late_while_it_arrives_when_prometheus_is_dead(
    watchdog: Watchdog, clock: _Clock
) -> None:
    """Alertmanager goes on sending what it was told last, so its list is asked how old that is."""
    for age in range(0, 151, 30):
        watchdog.note_arrival(is_firing=True)
        watchdog.note_answer(timedelta(seconds=age))
        assert not watchdog.verdict().is_late
        clock.now += 30
    watchdog.note_arrival(is_firing=True)
    watchdog.note_answer(timedelta(seconds=180))
    assert "Prometheus" in watchdog.verdict().reason


def test_old_news_of_prometheus_is_no_news_while_alertmanager_is_not_reached(
    watchdog: Watchdog, clock: _Clock
) -> None:
    """What it listed last gets older by itself; while the watchdog arrives, the path works."""
    watchdog.note_answer(timedelta(seconds=30))
    watchdog.note_no_answer()
    for _ in range(10):
        clock.now += 60
        watchdog.note_arrival(is_firing=True)
        assert not watchdog.verdict().is_late
    clock.now += 151
    assert "Alertmanager does not answer" in watchdog.verdict().reason
    watchdog.note_arrival(is_firing=True)
    watchdog.note_answer(None)
    assert "Prometheus" in watchdog.verdict().reason


def test_can_be_turned_off(clock: _Clock) -> None:
    """Whoever has no watchdog is not blind by that."""
    watchdog = Watchdog(0, clock)
    clock.now += 10_000
    assert not watchdog.verdict().is_late


def test_says_it_until_the_fallback_has_taken_it(watchdog: Watchdog, clock: _Clock) -> None:
    """A fallback that fails is tried again; then it is told once, and once more at the end."""
    answers = [503, 302, 200, 200]
    told: list[bytes] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        told.append(request.content)
        return httpx2.Response(answers.pop(0), headers={"location": "http://elsewhere/"})

    registry = CollectorRegistry()

    def sample(name: str, **labels: str) -> Any:  # noqa: ANN401 (float or None)
        return registry.get_sample_value(name, labels)

    async def run() -> None:
        changes = ChangeSignal()
        changed = changes.next
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
            fallback = Fallback("http://fallback/secret", client)
            switch = DeadMansSwitch(watchdog, fallback, changes, InboxMetrics(registry))
            await switch()
            assert told == []
            clock.now += 200
            for _ in range(5):
                await switch()
            assert changed.is_set()
            assert sample("inbox_watchdog_late") == 1
            watchdog.note_arrival(is_firing=True)
            for _ in range(2):
                await switch()

    asyncio.run(run())
    assert [b'"firing"' in body for body in told] == [True, True, True, False]
    assert sample("inbox_watchdog_late") == 0
    assert sample("inbox_fallback_notifications_total", outcome="error") == 2
