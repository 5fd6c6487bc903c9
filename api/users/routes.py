"""`/users`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from api.users.schemas import NewUser, User, UserChange, UserWithPosts
from api.users.service import UserService
from api.web.dependencies import provide
from api.web.pagination import MAX_ID, CursorText, Limit, Page
from api.web.responses import error_responses, json_response
from api.web.versions import Expected, etag

router = APIRouter(prefix="/users", tags=["users"])

UserId = Annotated[int, Path(ge=1, le=MAX_ID)]
Service = Annotated[UserService, Depends(provide(UserService))]


@router.get("", response_model=Page[UserWithPosts], responses=error_responses(422, 503))
async def list_users(service: Service, limit: Limit = 20, cursor: CursorText = None) -> Response:
    """List users with their newest posts, oldest user first; cached."""
    return json_response(await service.page(cursor, limit))


@router.post("", status_code=201, responses=error_responses(409, 413, 422, 503))
async def create_user(user: NewUser, service: Service, response: Response) -> User:
    """Create a user."""
    created = await service.create(user)
    response.headers["Location"] = f"/users/{created.value.id}"
    response.headers["ETag"] = etag(created.version)
    return created.value


@router.get("/{user_id}", response_model=UserWithPosts, responses=error_responses(404, 422, 503))
async def show_user(user_id: UserId, service: Service) -> Response:
    """Show a user with their newest posts; the ETag is the user's alone."""
    user = await service.get(user_id)
    answer = json_response(user.value.json.encode())
    answer.headers["ETag"] = etag(user.version)
    return answer


@router.patch("/{user_id}", responses=error_responses(404, 409, 412, 413, 422, 503))
async def update_user(
    user_id: UserId, change: UserChange, service: Service, expected: Expected, response: Response
) -> User:
    """Change a user; with `If-Match` only the version that was read."""
    updated = await service.update(user_id, change, expected)
    response.headers["ETag"] = etag(updated.version)
    return updated.value


@router.delete("/{user_id}", status_code=204, responses=error_responses(404, 412, 422, 503))
async def delete_user(user_id: UserId, service: Service, expected: Expected) -> None:
    """Delete a user and all their posts; with `If-Match` only the version that was read."""
    await service.delete(user_id, expected)
