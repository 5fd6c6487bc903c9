"""Who is at work at once, who waits, and who has waited too long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from api.web.admission import AdmissionMiddleware, GivenUpMiddleware
from tests.support.waiting import wait_until_async

SLOTS = 2


class Work:
    """A route's work: it lasts until it is told to end."""

    def __init__(self) -> None:
        self.at_work = 0
        self.most = 0
        self.may_end = asyncio.Event()

    async def do(self) -> None:
        """Work."""
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        try:
            await self.may_end.wait()
        finally:
            self.at_work -= 1


@asynccontextmanager
async def service(work: Work, *, timeout_seconds: float = 60) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an application that works."""
    app = FastAPI()
    app.add_middleware(
        AdmissionMiddleware,
        slots=SLOTS,
        timeout_seconds=timeout_seconds,
    )
    app.add_middleware(GivenUpMiddleware)

    @app.get("/work")
    @app.get("/health/live")
    async def do_work() -> None:
        await work.do()

    @app.get("/bug")
    async def bug() -> None:
        raise RuntimeError

    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def hold(work: Work, client: httpx2.AsyncClient, number: int) -> set[asyncio.Task[int]]:
    """Send so many requests, and return when as many as possible are at work."""

    async def ask() -> int:
        return (await client.get("/work")).status_code

    tasks = {asyncio.create_task(ask()) for _ in range(number)}
    await wait_until_async(lambda: work.at_work >= min(number, SLOTS))
    return tasks


def test_no_more_are_at_work_than_there_are_slots_and_all_have_their_turn() -> None:
    """Five requests and two slots."""

    async def run() -> None:
        work = Work()
        async with service(work) as client:
            tasks = await hold(work, client, 5)
            for _ in range(100):
                await asyncio.sleep(0)  # the others would have begun by now
            work.may_end.set()
            assert await asyncio.gather(*tasks) == [200] * 5
        assert work.most == SLOTS

    asyncio.run(run())


def test_who_has_waited_too_long_is_told_when_to_come_back() -> None:
    """503 in the shape of every error, counted under the endpoint that was asked for."""

    async def run() -> None:
        work = Work()
        async with service(work, timeout_seconds=0.05) as client:
            tasks = await hold(work, client, SLOTS)
            response = await client.get("/work")
            assert response.status_code == 503
            assert response.headers["Retry-After"] == "1"
            assert response.json()["error"] == "Too busy"
            work.may_end.set()
            assert await asyncio.gather(*tasks) == [200] * SLOTS
            # A slot that was waited for in vain is not lost.
            assert (await client.get("/work")).status_code == 200

    asyncio.run(run())


def test_health_does_not_wait_in_line() -> None:
    """A busy worker is alive."""

    async def run() -> None:
        work = Work()
        async with service(work) as client:
            tasks = await hold(work, client, SLOTS)
            health = asyncio.create_task(client.get("/health/live"))
            await wait_until_async(lambda: work.at_work >= SLOTS + 1)
            work.may_end.set()
            assert (await health).status_code == 200
            await asyncio.gather(*tasks)

    asyncio.run(run())


@pytest.mark.parametrize("how", ["an error", "a server that gives up"])
def test_a_slot_comes_back_from(how: str) -> None:
    """Otherwise the worker would stand still after a few."""

    async def run() -> None:
        work = Work()
        async with service(work) as client:
            for _ in range(SLOTS + 1):
                if how == "an error":
                    assert (await client.get("/bug")).status_code == 500
                else:
                    (task,) = await hold(work, client, 1)
                    task.cancel()
                    assert await task == 503, "the server has given it up"
            work.may_end.set()
            assert (await client.get("/work")).status_code == 200

    asyncio.run(run())


def test_answer_that_has_begun_is_not_followed_by_another() -> None:
    """A request that is given up amid its answer ends there."""

    async def begin(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise asyncio.CancelledError

    async def run() -> None:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.request"}

        scope = {"type": "http", "path": "/"}
        with pytest.raises(asyncio.CancelledError):
            await GivenUpMiddleware(begin)(scope, receive, send)
        assert [message["type"] for message in sent] == ["http.response.start"]

    asyncio.run(run())
