"""A service with a SQLAlchemy pool of two, measured with one line; run by test_sqlalchemy.py."""

import os
from typing import Annotated

import sqlalchemy
from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from burnrate.telemetry import instrument

engine = create_async_engine(os.environ["STORED_DSN"], pool_size=2, max_overflow=0, pool_timeout=1)
sessions = async_sessionmaker(engine)
app = FastAPI()


async def session() -> AsyncSession:
    return sessions()


@app.get("/orders/{order}")
async def read_order(
    order: int, seconds: float, database: Annotated[AsyncSession, Depends(session)]
) -> int:
    async with database:
        await database.execute(sqlalchemy.text("SELECT pg_sleep(:s)"), {"s": seconds})
    return order


telemetry = instrument(app, service="stored")
telemetry.measure(engine)
