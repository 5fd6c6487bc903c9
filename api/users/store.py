"""Users in PostgreSQL."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import asyncpg

from api.backends.postgres import Connection, Database
from api.errors import Changed, Conflict, NotFound, ServiceError
from api.users.schemas import NewUser, User, UserChange, UserWithPosts
from api.web.versions import Versioned, Versions

# A page of users must not grow with how much they write.
POSTS_SHOWN = 10

# One statement for users and posts alike: for each user of the page the index hands out the
# newest posts, however many there are.
_WITH_POSTS = f"""
SELECT u.id, u.name, u.email, u.created_at, p.posts, u.xmin::text::bigint AS version
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
_VERSIONED = "id, name, email, created_at, xmin::text::bigint AS version"
_INSERT = f"INSERT INTO users (name, email) VALUES ($1, $2) RETURNING {_VERSIONED}"  # noqa: S608
_UPDATE = f"""
UPDATE users SET name = coalesce($2, name), email = coalesce($3, email)
WHERE id = $1 AND ($4::bigint[] IS NULL OR xmin::text::bigint = ANY($4)) RETURNING {_VERSIONED}
"""  # noqa: S608
_DELETE = """
DELETE FROM users WHERE id = $1 AND ($2::bigint[] IS NULL OR xmin::text::bigint = ANY($2))
RETURNING id
"""
_EXISTS = "SELECT id FROM users WHERE id = $1"


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

    async def get(self, user_id: int) -> Versioned[UserWithPosts]:
        """Return a user; raises NotFound."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_ONE, user_id)
        if row is None:
            raise _no_user()
        return Versioned(_with_posts(row), row["version"])

    async def create(self, user: NewUser) -> Versioned[User]:
        """Store a user; raises Conflict where the address is taken."""
        with _conflict():
            async with self._database.connection() as connection:
                row = await connection.fetchrow(_INSERT, user.name, user.email)
        return _versioned(row)

    async def update(
        self, user_id: int, change: UserChange, versions: Versions = None
    ) -> Versioned[User]:
        """Change a user.

        Raises:
            NotFound: there is none.
            Changed: it has none of the versions.
            Conflict: the address is taken.
        """
        with _conflict():
            async with self._database.connection() as connection:
                row = await connection.fetchrow(
                    _UPDATE, user_id, change.name, change.email, versions
                )
                if row is None:
                    raise await _refusal(connection, user_id)
        return _versioned(row)

    async def delete(self, user_id: int, versions: Versions = None) -> None:
        """Delete a user with all posts; raises as `update` does."""
        async with self._database.connection() as connection:
            if await connection.fetchrow(_DELETE, user_id, versions) is None:
                raise await _refusal(connection, user_id)


@contextmanager
def _conflict() -> Iterator[None]:
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise Conflict("Another user has this email address") from error


async def _refusal(connection: Connection, user_id: int) -> ServiceError:
    exists = await connection.fetchrow(_EXISTS, user_id) is not None
    return Changed("The user has changed since it was read") if exists else _no_user()


def _with_posts(row: Mapping[str, Any]) -> UserWithPosts:
    return UserWithPosts.model_validate({**row, "posts": json.loads(row["posts"])})


def _versioned(row: Mapping[str, Any]) -> Versioned[User]:
    return Versioned(User.model_validate(dict(row)), row["version"])


def _no_user() -> NotFound:
    return NotFound("No such user")
