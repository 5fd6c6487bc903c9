"""How many statements a request costs, by PostgreSQL's own count."""

import asyncio
from collections.abc import Iterator

import asyncpg
import httpx2
import pytest

from tests.api.integration.statements import StatementLog, log_statements
from tests.servers.api import ApiServer, running_api, wait_until_in_progress
from tests.servers.postgres import PostgresServer

WORKERS = 4
CLIENTS = 200


@pytest.fixture(scope="module")
def api(postgres: PostgresServer, database: str, backends: dict[str, str]) -> Iterator[ApiServer]:
    """Run the service on a database that logs its statements."""
    asyncio.run(log_statements(postgres, database))
    with running_api(**backends) as server:
        yield server


@pytest.fixture(scope="module")
def post_ids(api: ApiServer) -> list[int]:
    """Have twenty users with three posts each."""
    ids = []
    with api.client() as client:
        for number in range(20):
            user = {"name": f"User {number}", "email": f"user{number}@example.org"}
            author_id = client.post("/users", json=user).json()["id"]
            for _ in range(3):
                post = {"author_id": author_id, "title": "A title", "body": "A body"}
                ids.append(client.post("/posts", json=post).json()["id"])
    return ids


@pytest.mark.usefixtures("post_ids")
def test_users_with_their_posts_are_one_statement(api: ApiServer, postgres: PostgresServer) -> None:
    """Twenty users with their posts, not one statement and twenty more; then none."""
    statements = StatementLog(postgres)
    with api.client(headers={"Connection": "close"}) as client:
        users = client.get("/users", params={"limit": 20}).json()["items"]
        assert [len(user["posts"]) for user in users] == [3] * 20
        assert len(statements.matching(".")) == 1
        for _ in range(20):
            assert client.get("/users", params={"limit": 20}).json()["items"] == users
    assert len(statements.matching("FROM users")) == 1


def test_second_read_of_a_post_asks_no_database(
    api: ApiServer, postgres: PostgresServer, post_ids: list[int]
) -> None:
    """Whichever worker serves it."""
    with api.client(headers={"Connection": "close"}) as client:
        client.get(f"/posts/{post_ids[0]}")
        statements = StatementLog(postgres)
        for _ in range(20):
            assert client.get(f"/posts/{post_ids[0]}").status_code == 200
    assert statements.matching("FROM posts") == []


def test_200_clients_on_a_cold_key_cost_one_statement_a_worker_at_most(
    api: ApiServer, postgres: PostgresServer, database: str, post_ids: list[int]
) -> None:
    """They come while the statement is still running, which is what a stampede is."""
    statements = StatementLog(postgres)
    responses = asyncio.run(_stampede(api, postgres, database, f"/posts/{post_ids[-1]}"))
    assert {response.status_code for response in responses} == {200}
    assert len({response.content for response in responses}) == 1
    # Nothing else reads a single post meanwhile.
    assert 1 <= len(statements.matching(r"FROM posts WHERE id = \$1")) <= WORKERS


async def _stampede(
    api: ApiServer, postgres: PostgresServer, database: str, path: str
) -> list[httpx2.Response]:
    connection: asyncpg.Connection[asyncpg.Record] = await postgres.connect(database)
    limits = httpx2.Limits(max_connections=CLIENTS + 1)
    try:
        async with httpx2.AsyncClient(base_url=api.base_url, limits=limits, timeout=60) as client:
            async with connection.transaction():
                # Whoever reads the table now waits for the end of this transaction.
                await connection.execute("LOCK TABLE posts IN ACCESS EXCLUSIVE MODE")
                requests = [asyncio.create_task(client.get(path)) for _ in range(CLIENTS)]
                # One more would come too late to share a load.
                await wait_until_in_progress(client, CLIENTS)
                # Longer than a worker waits for another's load.
                await asyncio.sleep(0.5)
            return await asyncio.gather(*requests)
    finally:
        await connection.close()


def test_missing_post_asks_the_database_once_and_is_there_once_it_is_created(
    api: ApiServer, postgres: PostgresServer, post_ids: list[int]
) -> None:
    """Whichever worker serves whom."""
    with api.client(headers={"Connection": "close"}) as client:
        author_id = client.get(f"/posts/{post_ids[0]}").json()["author_id"]
        post = {"author_id": author_id, "title": "A title", "body": "A body"}
        next_id = client.post("/posts", json=post).json()["id"] + 1
        statements = StatementLog(postgres)
        for _ in range(20):
            answer = client.get(f"/posts/{next_id}")
            assert (answer.status_code, answer.json()["error"]) == (404, "No such post")
        asked = statements.matching("FROM posts")
        assert client.post("/posts", json=post).json()["id"] == next_id
        assert {client.get(f"/posts/{next_id}").status_code for _ in range(20)} == {200}
    # A busy machine takes longer than an absence is remembered.
    assert len(asked) < 20 / WORKERS
