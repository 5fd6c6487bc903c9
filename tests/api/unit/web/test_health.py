"""Health: alive whatever happens, ready only with what is needed."""

import asyncio

import pytest

from api.web import health
from api.web.health import Check, HealthChecks
from tests.api.unit.apps import make_client


async def answer() -> None:
    """Stand for a dependency that is well."""


async def fail() -> None:
    """Stand for one that is down."""
    raise ConnectionError


async def hang() -> None:
    """Stand for one that does not answer."""
    await asyncio.sleep(60)


def _checks(postgres: object, redis: object) -> HealthChecks:
    return HealthChecks(
        Check("postgres", postgres, is_required=True),  # type: ignore[arg-type]
        Check("redis", redis, is_required=False),  # type: ignore[arg-type]
    )


def test_ready_when_everything_answers() -> None:
    """And each dependency is shown."""
    client = make_client(health.router, services=(_checks(answer, answer),))
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "checks": {"postgres": "ok", "redis": "ok"}}


def test_ready_without_redis_which_is_shown() -> None:
    """The service does without it."""
    client = make_client(health.router, services=(_checks(answer, fail),))
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.json()["checks"] == {"postgres": "ok", "redis": "unavailable"}


def test_not_ready_without_postgres_yet_alive() -> None:
    """In the one error shape, with the checks beside it."""
    client = make_client(health.router, services=(_checks(fail, answer),))
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    body = response.json()
    assert body["error"] == "Not ready"
    assert body["path"] == "/health/ready"
    assert body["checks"] == {"postgres": "unavailable", "redis": "ok"}
    assert client.get("/health/live").json() == {"status": "ok"}


def test_dependency_that_hangs_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prober must not hang with it."""
    monkeypatch.setattr(health, "_TIMEOUT_SECONDS", 0.05)
    client = make_client(health.router, services=(_checks(answer, hang),))
    assert client.get("/health/ready").json()["checks"]["redis"] == "unavailable"


def test_dependencies_are_asked_once_however_many_want_to_know(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody is limited here; one who leaves does not take the answer from the others."""
    monkeypatch.setattr(health, "_KEPT_SECONDS", 0.05)

    async def run() -> None:
        asked, may_answer = 0, asyncio.Event()

        async def count() -> None:
            nonlocal asked
            asked += 1
            await may_answer.wait()

        checks = _checks(count, answer)
        many = [asyncio.create_task(checks.statuses()) for _ in range(50)]
        await asyncio.sleep(0)
        many[0].cancel()
        may_answer.set()
        answers = await asyncio.gather(*many[1:])

        assert answers == [{"postgres": "ok", "redis": "ok"}] * 49
        assert asked == 1
        while asked == 1:  # what was kept is forgotten
            await checks.statuses()
            await asyncio.sleep(0.01)
        assert asked == 2

    asyncio.run(run())
