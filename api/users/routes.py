"""`/users`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from api.users.schemas import NewUser, User, UserChange, UserWithPosts
from api.users.store import UserStore
from api.web.dependencies import provide
from api.web.pagination import MAX_ID, CursorText, Limit, Page, decode_id, encode_id
from api.web.responses import error_responses
from api.web.versions import Expected, etag

router = APIRouter(prefix="/users", tags=["users"])

UserId = Annotated[int, Path(ge=1, le=MAX_ID)]
Store = Annotated[UserStore, Depends(provide(UserStore))]


@dataclass(frozen=True)
class UserEvents:
    """What is called when users change; main decides what that does."""

    posts_deleted: Callable[[], Awaitable[None]]


Events = Annotated[UserEvents, Depends(provide(UserEvents))]


@router.get("", responses=error_responses(422, 503))
async def list_users(
    store: Store, limit: Limit = 20, cursor: CursorText = None
) -> Page[UserWithPosts]:
    """List users with their newest posts, oldest user first."""
    after_id = decode_id(cursor) if cursor is not None else 0
    users = await store.page(after_id, limit + 1)
    has_more = len(users) > limit
    users = users[:limit]
    return Page(items=users, next_cursor=encode_id(users[-1].id) if has_more else None)


@router.post("", status_code=201, responses=error_responses(409, 413, 422, 503))
async def create_user(user: NewUser, store: Store, response: Response) -> User:
    """Create a user."""
    created = await store.create(user)
    response.headers["Location"] = f"/users/{created.value.id}"
    response.headers["ETag"] = etag(created.version)
    return created.value


@router.get("/{user_id}", responses=error_responses(404, 422, 503))
async def show_user(user_id: UserId, store: Store, response: Response) -> UserWithPosts:
    """Show a user with their newest posts; the ETag is the user's alone."""
    user = await store.get(user_id)
    response.headers["ETag"] = etag(user.version)
    return user.value


@router.patch("/{user_id}", responses=error_responses(404, 409, 412, 413, 422, 503))
async def update_user(
    user_id: UserId, change: UserChange, store: Store, expected: Expected, response: Response
) -> User:
    """Change a user; with `If-Match` only the version that was read."""
    updated = await store.update(user_id, change, expected)
    response.headers["ETag"] = etag(updated.version)
    return updated.value


@router.delete("/{user_id}", status_code=204, responses=error_responses(404, 412, 422, 503))
async def delete_user(user_id: UserId, store: Store, events: Events, expected: Expected) -> None:
    """Delete a user and all their posts; with `If-Match` only the version that was read."""
    await store.delete(user_id, expected)
    await events.posts_deleted()
