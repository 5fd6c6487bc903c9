"""`/posts`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Path, Query, Response
from pydantic import StringConstraints

from api.posts.schemas import FoundPost, NewPost, Post, PostChange
from api.posts.service import PostService
from api.web.dependencies import provide
from api.web.pagination import MAX_ID, CursorText, Limit, Page
from api.web.responses import error_responses, json_response
from api.web.text import STORABLE
from api.web.versions import Expected, etag


@dataclass(frozen=True)
class PostEvents:
    """What is called when posts change; main decides what that does."""

    created: Callable[[Post], Awaitable[None]]


router = APIRouter(prefix="/posts", tags=["posts"])

PostId = Annotated[int, Path(ge=1, le=MAX_ID)]
Service = Annotated[PostService, Depends(provide(PostService))]
Events = Annotated[PostEvents, Depends(provide(PostEvents))]
SearchText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    STORABLE,
    Query(description='Words; "a phrase"; -without; this or that', examples=["error budget"]),
]


@router.get("", response_model=Page[Post], responses=error_responses(422, 503))
async def list_posts(service: Service, limit: Limit = 20, cursor: CursorText = None) -> Response:
    """List posts, newest first; cached."""
    return json_response(await service.page(cursor, limit))


@router.get("/search", response_model=Page[FoundPost], responses=error_responses(422, 503))
async def search_posts(
    service: Service, q: SearchText, limit: Limit = 20, cursor: CursorText = None
) -> Response:
    """Search titles and bodies, best match first."""
    return json_response(await service.search(q, cursor, limit))


@router.post("", status_code=201, responses=error_responses(413, 422, 503))
async def create_post(
    post: NewPost, service: Service, events: Events, tasks: BackgroundTasks, response: Response
) -> Post:
    """Create a post and announce it on `/feed`."""
    created = await service.create(post)
    tasks.add_task(events.created, created.value)
    response.headers["Location"] = f"/posts/{created.value.id}"
    response.headers["ETag"] = etag(created.version)
    return created.value


@router.get("/{post_id}", response_model=Post, responses=error_responses(404, 422, 503))
async def show_post(post_id: PostId, service: Service) -> Response:
    """Show a post; cached."""
    post = await service.get(post_id)
    answer = json_response(post.value)
    answer.headers["ETag"] = etag(post.version)
    return answer


@router.patch("/{post_id}", responses=error_responses(404, 412, 413, 422, 503))
async def update_post(
    post_id: PostId, change: PostChange, service: Service, expected: Expected, response: Response
) -> Post:
    """Change a post; with `If-Match` only the version that was read."""
    updated = await service.update(post_id, change, expected)
    response.headers["ETag"] = etag(updated.version)
    return updated.value


@router.delete("/{post_id}", status_code=204, responses=error_responses(404, 412, 422, 503))
async def delete_post(post_id: PostId, service: Service, expected: Expected) -> None:
    """Delete a post; with `If-Match` only the version that was read."""
    await service.delete(post_id, expected)
