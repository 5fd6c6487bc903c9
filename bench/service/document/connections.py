"""The document's connections: an asyncpg pool, SQLAlchemy's engine, and Redis for the cache."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
from fastapi import FastAPI
from fastapi_cache import FastAPICache
from fastapi_cache.backends.redis import RedisBackend
from redis import asyncio as redis
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

_MIGRATIONS: Final = Path(__file__).parents[3] / "api/migrations"
# Any number: the workers start together, and one of them makes the tables.
_LOCK: Final = 0x62656E63

# The document gives these to one process. Four workers with 50 each are more than PostgreSQL takes,
# so each has its share, as ours have.
_POOL_MIN: Final = 10
_POOL_MAX: Final = 50


def _password(prefix: str) -> str:
    return Path(os.environ[f"{prefix}_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()


def _postgres() -> dict[str, Any]:
    return {
        "host": os.environ["DATABASE_HOST"],
        "port": int(os.environ["DATABASE_PORT"]),
        "database": os.environ["DATABASE_NAME"],
    }


def _share(total: int) -> int:
    return max(1, total // int(os.environ["WEB_CONCURRENCY"]))


def _sessions() -> async_sessionmaker[AsyncSession]:
    url = URL.create(
        "postgresql+asyncpg",
        username=os.environ["DATABASE_USER"],
        password=_password("DATABASE"),
        **_postgres(),
    )
    return async_sessionmaker(create_async_engine(url), expire_on_commit=False)


async def _make_tables(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    """Make the tables of our own service: both have the same columns and indexes."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        if await connection.fetchval("SELECT to_regclass('users')") is None:
            for file in sorted(_MIGRATIONS.glob("*.sql")):
                await connection.execute(file.read_text(encoding="utf-8"))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open everything for the application: `state.pool`, `state.sessions`, the cache."""
    pool = await asyncpg.create_pool(
        user=os.environ["DATABASE_USER"],
        password=_password("DATABASE"),
        min_size=_share(_POOL_MIN),
        max_size=_share(_POOL_MAX),
        max_queries=50000,
        max_inactive_connection_lifetime=300,
        **_postgres(),
    )
    await _make_tables(pool)
    app.state.pool, app.state.sessions = pool, _sessions()
    client = redis.Redis(
        host=os.environ["REDIS_HOST"],
        port=int(os.environ["REDIS_PORT"]),
        password=_password("REDIS"),
    )
    FastAPICache.init(RedisBackend(client), prefix="fastapi-cache")
    yield
    await pool.close()
    await client.aclose()
