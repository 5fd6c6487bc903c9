"""Users in PostgreSQL."""

import json
from collections.abc import Mapping
from typing import Any

import asyncpg

from api.backends.postgres import Database
from api.errors import Conflict, NotFound
from api.users.schemas import NewUser, User, UserChange, UserWithPosts

# A page of users must not grow with how much they write.
POSTS_SHOWN = 10

# One statement for users and posts alike: for each user of the page the index hands out the
# newest posts, however many there are.
_WITH_POSTS = f"""
SELECT u.id, u.name, u.email, u.created_at, p.posts
FROM users u
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(newest ORDER BY newest.id DESC), '[]') AS posts
    FROM (
        SELECT id, title, created_at FROM posts
        WHERE author_id = u.id ORDER BY id DESC LIMIT {POSTS_SHOWN}
    ) newest
) p
"""  # noqa: S608 - a constant of ours

_PAGE = f"{_WITH_POSTS} WHERE u.id > $1 ORDER BY u.id LIMIT $2"
_ONE = f"{_WITH_POSTS} WHERE u.id = $1"
_INSERT = "INSERT INTO users (name, email) VALUES ($1, $2) RETURNING id, name, email, created_at"
_UPDATE = """
UPDATE users SET name = coalesce($2, name), email = coalesce($3, email) WHERE id = $1
RETURNING id, name, email, created_at
"""
_DELETE = "DELETE FROM users WHERE id = $1 RETURNING id"


class UserStore:
    """All that is done to users in the database, one statement each.

    Every method raises `DependencyUnavailable` where the database cannot be reached.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, after_id: int, limit: int) -> list[UserWithPosts]:
        """Return up to `limit` users with an id above `after_id`, oldest first."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(_PAGE, after_id, limit)
        return [_with_posts(row) for row in rows]

    async def get(self, user_id: int) -> UserWithPosts:
        """Return a user; raises NotFound."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_ONE, user_id)
        if row is None:
            raise _no_user()
        return _with_posts(row)

    async def create(self, user: NewUser) -> User:
        """Store a user; raises Conflict where the address is taken."""
        return await self._write(_INSERT, user.name, user.email)

    async def update(self, user_id: int, change: UserChange) -> User:
        """Change a user; raises NotFound, or Conflict where the address is taken."""
        return await self._write(_UPDATE, user_id, change.name, change.email)

    async def delete(self, user_id: int) -> None:
        """Delete a user with all posts; raises NotFound."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_DELETE, user_id)
        if row is None:
            raise _no_user()

    async def _write(self, statement: str, *values: object) -> User:
        try:
            async with self._database.connection() as connection:
                row = await connection.fetchrow(statement, *values)
        except asyncpg.UniqueViolationError as error:
            raise Conflict("Another user has this email address") from error
        if row is None:
            raise _no_user()
        return User.model_validate(dict(row))


def _with_posts(row: Mapping[str, Any]) -> UserWithPosts:
    return UserWithPosts.model_validate({**row, "posts": json.loads(row["posts"])})


def _no_user() -> NotFound:
    return NotFound("No such user")
