"""The document's snippets, put together as it writes them, with the routes that the load asks for.

Where it has none for a route, the route is written in the style of the others. The rate limit is
raised, as ours is.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, Final

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import JSONResponse
from fastapi_cache.decorator import cache
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded
from slowapi.util import get_remote_address
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload
from starlette.websockets import WebSocketDisconnect

from bench.service.document.connections import lifespan
from bench.service.document.models import (
    Document,
    NewPost,
    NewUser,
    PostChange,
    User,
    UserChange,
    UserOnly,
    UserWithPosts,
)
from bench.telemetry.peer_instrumentation import CountingMiddleware, LoggingMiddleware

_LIMIT: Final = "10000000/minute"
_PAGE: Final = 20
_POST: Final = "id, author_id, title, body, created_at, updated_at"

limiter = Limiter(key_func=get_remote_address)
executor = ThreadPoolExecutor(max_workers=10)
app = FastAPI(title="High-Performance API", lifespan=lifespan)
app.state.limiter = limiter
app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)
app.add_middleware(GZipMiddleware, minimum_size=1000)
app.add_middleware(CountingMiddleware)
app.add_middleware(LoggingMiddleware)


@app.exception_handler(HTTPException)
async def http_error(request: Request, error: HTTPException) -> JSONResponse:
    """Answer in the document's shape."""
    body = {"error": error.detail, "path": str(request.url)}
    return JSONResponse(body, status_code=error.status_code)


async def get_pool(request: Request) -> Any:
    """Return the pool of the lifespan."""
    return request.app.state.pool


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """Hold a session for the request."""
    async with request.app.state.sessions() as session:
        yield session


Connections = Annotated[Any, Depends(get_pool)]
Session = Annotated[AsyncSession, Depends(get_session)]


@app.get("/health/ready")
async def health() -> dict[str, str]:
    """Say that it runs."""
    return {"status": "healthy"}


@app.get("/metrics")
async def metrics() -> Response:
    """Show the metrics of this worker."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@app.get("/posts")
@limiter.limit(_LIMIT)
@cache(expire=60)
async def list_posts(request: Request, pool: Connections) -> Any:
    async with pool.acquire() as connection:
        rows = await connection.fetch(f"SELECT {_POST} FROM posts ORDER BY id DESC LIMIT $1", _PAGE)
    return {"items": [dict(row) for row in rows]}


@app.get("/posts/search")
@limiter.limit(_LIMIT)
async def search_posts(request: Request, pool: Connections, q: str) -> Any:
    async with pool.acquire() as connection:
        rows = await connection.fetch(
            f"SELECT {_POST}, ts_rank(search, query) AS rank"
            " FROM posts, websearch_to_tsquery('english', $1) query"
            " WHERE search @@ query ORDER BY rank DESC, id DESC LIMIT $2",
            q,
            _PAGE,
        )
    return {"items": [dict(row) for row in rows]}


@app.get("/posts/{post_id}")
@limiter.limit(_LIMIT)
@cache(expire=60)
async def show_post(request: Request, pool: Connections, post_id: int) -> Any:
    async with pool.acquire() as connection:
        row = await connection.fetchrow(f"SELECT {_POST} FROM posts WHERE id = $1", post_id)
    if row is None:
        raise HTTPException(404, "Post not found")
    return dict(row)


@app.post("/posts", status_code=201)
@limiter.limit(_LIMIT)
async def create_post(
    request: Request, response: Response, pool: Connections, post: NewPost, tasks: BackgroundTasks
) -> Any:
    async with pool.acquire() as connection:
        row = await connection.fetchrow(
            f"INSERT INTO posts (author_id, title, body) VALUES ($1, $2, $3) RETURNING {_POST}",
            post.author_id,
            post.title,
            post.body,
        )
    created = dict(row)
    tasks.add_task(manager.broadcast, {"type": "post", "id": created["id"]})
    response.headers["Location"] = f"/posts/{created['id']}"
    return created


@app.patch("/posts/{post_id}")
@limiter.limit(_LIMIT)
async def update_post(request: Request, pool: Connections, post_id: int, change: PostChange) -> Any:
    async with pool.acquire() as connection:
        row = await connection.fetchrow(
            f"UPDATE posts SET title = $2, updated_at = now() WHERE id = $1 RETURNING {_POST}",
            post_id,
            change.title,
        )
    if row is None:
        raise HTTPException(404, "Post not found")
    return dict(row)


@app.delete("/posts/{post_id}", status_code=204)
@limiter.limit(_LIMIT)
async def delete_post(request: Request, pool: Connections, post_id: int) -> None:
    async with pool.acquire() as connection:
        if (
            await connection.fetchval("DELETE FROM posts WHERE id = $1 RETURNING id", post_id)
            is None
        ):
            raise HTTPException(404, "Post not found")


@app.get("/users")
@limiter.limit(_LIMIT)
async def list_users(request: Request, session: Session) -> list[UserWithPosts]:
    query = select(User).options(selectinload(User.posts)).order_by(User.id).limit(_PAGE)
    users = (await session.execute(query)).scalars().all()
    return [UserWithPosts.model_validate(user) for user in users]


@app.get("/users/{user_id}")
@limiter.limit(_LIMIT)
async def show_user(request: Request, session: Session, user_id: int) -> UserWithPosts:
    user = await session.get(User, user_id, options=[selectinload(User.posts)])
    if user is None:
        raise HTTPException(404, "User not found")
    return UserWithPosts.model_validate(user)


@app.post("/users", status_code=201)
@limiter.limit(_LIMIT)
async def create_user(
    request: Request, response: Response, session: Session, new: NewUser
) -> UserOnly:
    user = User(name=new.name, email=new.email)
    session.add(user)
    try:
        await session.commit()
    except IntegrityError as error:
        raise HTTPException(409, "Email already registered") from error
    await session.refresh(user)
    response.headers["Location"] = f"/users/{user.id}"
    return UserOnly.model_validate(user)


@app.patch("/users/{user_id}")
@limiter.limit(_LIMIT)
async def update_user(
    request: Request, session: Session, user_id: int, change: UserChange
) -> UserOnly:
    user = await session.get(User, user_id)
    if user is None:
        raise HTTPException(404, "User not found")
    user.name = change.name
    await session.commit()
    return UserOnly.model_validate(user)


@app.delete("/users/{user_id}", status_code=204)
@limiter.limit(_LIMIT)
async def delete_user(request: Request, session: Session, user_id: int) -> None:
    await session.execute(delete(User).where(User.id == user_id))
    await session.commit()


@app.post("/process")
@limiter.limit(_LIMIT)
async def process(request: Request, document: Document, tasks: BackgroundTasks) -> Any:
    loop = asyncio.get_running_loop()
    result = await loop.run_in_executor(executor, analyse, document.text)
    tasks.add_task(clean_up)
    return {"status": "completed", "result": result}


def analyse(text: str) -> dict[str, Any]:
    words = text.lower().split()
    return {
        "characters": len(text),
        "words": len(words),
        "sentences": text.count("."),
        "frequent": Counter(words).most_common(10),
    }


async def clean_up() -> None:
    pass


class ConnectionManager:
    def __init__(self) -> None:
        self.active_connections: list[WebSocket] = []

    async def connect(self, websocket: WebSocket) -> None:
        await websocket.accept()
        self.active_connections.append(websocket)

    def disconnect(self, websocket: WebSocket) -> None:
        self.active_connections.remove(websocket)

    async def broadcast(self, message: dict[str, Any]) -> None:
        for connection in self.active_connections:
            await connection.send_json(message)


manager = ConnectionManager()


@app.websocket("/feed")
async def feed(websocket: WebSocket) -> None:
    await manager.connect(websocket)
    try:
        while True:
            await websocket.receive_text()
    except WebSocketDisconnect:
        manager.disconnect(websocket)
