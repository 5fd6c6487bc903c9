"""Users in PostgreSQL."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from api.backends.postgres import Connection, Database
from api.errors import Changed, Conflict, NotFound, ServiceError
from api.users.schemas import NewUser, User, UserChange
from api.web.versions import Versioned, Versions

# A page of users must not grow with how much they write.
POSTS_SHOWN = 10

# As pydantic writes times; the server's own JSON has no zeros at the end and writes UTC as +00:00.
_TIME = """to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at"""

# One statement for users and posts alike: for each user of the page the index hands out the
# newest posts, however many there are. The answer is the server's JSON, as `UserWithPosts` has it:
# to make objects of it here and JSON of those again took longer than the statement.
_WITH_POSTS = f"""
SELECT u.id, u.xmin::text::bigint AS version, row_to_json(shown)::text AS json
FROM users u
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(newest), '[]') AS posts
    FROM (
        SELECT id, title, {_TIME} FROM posts
        WHERE author_id = u.id ORDER BY id DESC LIMIT {POSTS_SHOWN}
    ) newest
) p
CROSS JOIN LATERAL (SELECT u.id, u.name, u.email, {_TIME}, p.posts) shown
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


@dataclass(frozen=True)
class ShownUser:
    """A user with their newest posts, as JSON: `UserWithPosts`."""

    id: int
    json: str


class UserStore:
    """All that is done to users in the database, one statement each.

    Every method raises `DependencyUnavailable` where the database cannot be reached.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, after_id: int, limit: int) -> list[ShownUser]:
        """Return up to `limit` users with an id above `after_id`, oldest first."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(_PAGE, after_id, limit)
        return [_shown(row) for row in rows]

    async def get(self, user_id: int) -> Versioned[ShownUser]:
        """Return a user; raises NotFound."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_ONE, user_id)
        if row is None:
            raise _no_user()
        return Versioned(_shown(row), row["version"])

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


def _shown(row: Mapping[str, Any]) -> ShownUser:
    return ShownUser(row["id"], row["json"])


def _versioned(row: Mapping[str, Any]) -> Versioned[User]:
    return Versioned(User.model_validate(dict(row)), row["version"])


def _no_user() -> NotFound:
    return NotFound("No such user")
