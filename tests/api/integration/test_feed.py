"""The feed reaches every client of every worker."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.servers.api import ApiServer, running_api
from tests.servers.redis import RedisServer, running_redis
from tests.support.waiting import PATIENCE_SECONDS

CLIENTS = 16


@pytest.fixture
def mortal_redis() -> Iterator[RedisServer]:
    """Run a Redis that the test may stop."""
    with running_redis() as server:
        yield server


@pytest.fixture
def api(backends: dict[str, str], mortal_redis: RedisServer) -> Iterator[ApiServer]:
    """Run the service on it."""
    with running_api(**{**backends, "REDIS_PORT": str(mortal_redis.port)}) as server:
        yield server


async def _next(client: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await asyncio.wait_for(client.recv(), PATIENCE_SECONDS))
    return message


async def _until(client: ClientConnection, wanted: dict[str, Any]) -> None:
    while await _next(client) != wanted:
        pass


async def _create_post(api: ApiServer) -> dict[str, Any]:
    async with httpx2.AsyncClient(base_url=api.base_url) as client:
        email = f"{asyncio.get_running_loop().time()}@example.org"
        user = (await client.post("/users", json={"name": "A", "email": email})).json()
        post = {"author_id": user["id"], "title": "News", "body": "A body"}
        created: dict[str, Any] = (await client.post("/posts", json=post)).json()
        return created


async def _connect(api: ApiServer, count: int) -> list[ClientConnection]:
    url = f"ws://127.0.0.1:{api.port}/feed"
    return [
        await connect(url, open_timeout=PATIENCE_SECONDS, ping_interval=None) for _ in range(count)
    ]


def test_new_post_reaches_clients_of_all_workers(api: ApiServer) -> None:
    """Whichever worker stored it."""

    async def scenario() -> None:
        clients = await _connect(api, CLIENTS)
        for client in clients:
            await _until(client, {"type": "status", "live": True})
        post = await _create_post(api)
        for client in clients:
            assert await _next(client) == {"type": "post", "post": post}
        assert await _connections(api) == CLIENTS
        await asyncio.gather(*(client.close() for client in clients))

    asyncio.run(scenario())


def test_without_redis_the_socket_stays_and_says_so(
    api: ApiServer, mortal_redis: RedisServer
) -> None:
    """And carries posts again when Redis is back."""

    async def scenario() -> None:
        [client] = await _connect(api, 1)
        await _until(client, {"type": "status", "live": True})
        mortal_redis.stop()
        assert await _next(client) == {"type": "status", "live": False}
        mortal_redis.start()
        assert await _next(client) == {"type": "status", "live": True}
        # Other workers may still be looking for Redis, this one among them to publish.
        posts: list[dict[str, Any]] = []
        arrival = asyncio.create_task(_next(client))
        while not arrival.done():
            posts.append(await _create_post(api))
            await asyncio.wait({arrival}, timeout=1)
        message = await arrival
        assert message["type"] == "post"
        assert message["post"] in posts
        await client.close()

    asyncio.run(scenario())


async def _connections(api: ApiServer) -> float:
    async with httpx2.AsyncClient(base_url=api.base_url) as client:
        metrics = (await client.get("/metrics")).text
    [line] = [each for each in metrics.splitlines() if each.startswith("websocket_connections{")]
    return float(line.split()[-1])


def test_client_that_sends_too_much_is_cut_off(api: ApiServer) -> None:
    """Nothing that a client of the feed says is wanted, and nothing long is kept."""

    async def run() -> int | None:
        [client] = await _connect(api, 1)
        await client.send("x" * 60_000)
        await client.ping()  # still there
        # 16 MB of one byte are some kilobytes on their way.
        await client.send("x" * 16_000_000)
        await asyncio.wait_for(client.wait_closed(), PATIENCE_SECONDS)
        return client.close_code

    assert asyncio.run(run()) == 1009
