"""Injected faults hit their route, as often as asked, and end by themselves."""

import asyncio
from time import time

import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.testclient import TestClient

from api.faults.inject import inject
from api.faults.schemas import ActiveInjection, Injection, Kind
from api.faults.store import InjectionStore
from api.web.dependencies import register
from api.web.endpoints import EndpointTable
from api.web.errors import add_error_handlers


class FakeInjectionStore(InjectionStore):
    """What a worker knows, without where it knows it from."""

    def __init__(self) -> None:
        self._known = {}

    def put(self, injection: Injection, *, left_seconds: float = 60) -> None:
        """Have a fault injected."""
        active = ActiveInjection(**injection.model_dump(), expires_at=time() + left_seconds)
        self._known = {f"{injection.method} {injection.route}": active}


@pytest.fixture
def store() -> FakeInjectionStore:
    """Return a store in which nothing is injected."""
    return FakeInjectionStore()


@pytest.fixture
def client(store: FakeInjectionStore) -> TestClient:
    """Return a client of an application with two routes under a prefix."""
    router = APIRouter(prefix="/things")

    @router.get("/{thing_id}")
    async def show(thing_id: int) -> int:
        return thing_id

    @router.get("")
    async def everything() -> str:
        return "all"

    app = FastAPI()
    add_error_handlers(app)
    app.include_router(router, dependencies=[Depends(inject)])
    register(app, store, EndpointTable(app.routes))
    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize(("kind", "status"), [("exception", 500), ("unavailable", 503)])
def test_fault_hits_its_route_and_no_other(
    client: TestClient, store: FakeInjectionStore, kind: Kind, status: int
) -> None:
    """By template, prefix included."""
    store.put(Injection(route="/things/{thing_id}", kind=kind))
    assert client.get("/things/1").status_code == status
    assert client.get("/things").status_code == 200


def test_latency_answers_well_but_late(
    client: TestClient, store: FakeInjectionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a slow dependency would make it."""
    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    store.put(Injection(route="/things", kind="latency", delay_seconds=0.1))
    assert client.get("/things").status_code == 200
    assert slept == [0.1]


def test_ratio_is_about_what_was_asked_for(client: TestClient, store: FakeInjectionStore) -> None:
    """A fifth of three hundred is sixty, give or take five standard deviations."""
    store.put(Injection(route="/things", kind="unavailable", ratio=0.2))
    failed = sum(client.get("/things").status_code == 503 for _ in range(300))
    assert 25 < failed < 95


def test_fault_ends_by_itself(client: TestClient, store: FakeInjectionStore) -> None:
    """Even if nobody says so."""
    store.put(Injection(route="/things"), left_seconds=-0.1)
    assert client.get("/things").status_code == 200
