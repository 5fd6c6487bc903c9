"""Posts in PostgreSQL."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from api.backends.postgres import Connection, Database
from api.errors import Changed, InvalidInput, NotFound, ServiceError
from api.posts.schemas import NewPost, Post, PostChange
from api.web.versions import Versioned, Versions

# What a model of `schemas` has, in its order: a page of them becomes JSON as it is, since the
# database holds nothing that the model would refuse.
Row = dict[str, Any]

_COLUMNS = "id, author_id, title, body, created_at, updated_at"
_VERSIONED = f"{_COLUMNS}, xmin::text::bigint AS version"

# Every statement is put together from constants.
_PAGE = f"SELECT {_COLUMNS} FROM posts WHERE id < $1 ORDER BY id DESC LIMIT $2"  # noqa: S608
_ONE = f"SELECT {_VERSIONED} FROM posts WHERE id = $1"  # noqa: S608
_INSERT = f"""
INSERT INTO posts (author_id, title, body) VALUES ($1, $2, $3) RETURNING {_VERSIONED}
"""  # noqa: S608
_UPDATE = f"""
UPDATE posts SET title = coalesce($2, title), body = coalesce($3, body), updated_at = now()
WHERE id = $1 AND ($4::bigint[] IS NULL OR xmin::text::bigint = ANY($4)) RETURNING {_VERSIONED}
"""  # noqa: S608
_DELETE = """
DELETE FROM posts WHERE id = $1 AND ($2::bigint[] IS NULL OR xmin::text::bigint = ANY($2))
RETURNING id
"""
_EXISTS = "SELECT id FROM posts WHERE id = $1"

# websearch_to_tsquery accepts whatever people type and never fails. Ranking reads every match, so
# only the newest matches are ranked: a word that is in every post must not read them all. Their
# texts are read at the end, of one page: to sort a thousand of them took longer than to rank them.
# Materialized: otherwise the words would be parsed again for each match.
RANKED_MATCHES = 1_000
_SEARCH = f"""
WITH query AS MATERIALIZED (SELECT websearch_to_tsquery('english', $1) AS q),
matches AS (
    SELECT id, search FROM posts, query
    WHERE search @@ q ORDER BY id DESC LIMIT {RANKED_MATCHES}
),
ranked AS (SELECT id, ts_rank(search, q) AS rank FROM matches, query),
best AS (
    SELECT id, rank FROM ranked
    WHERE $2::float4 IS NULL OR (rank, id) < ($2::float4, $3::bigint)
    ORDER BY rank DESC, id DESC LIMIT $4
)
SELECT {_COLUMNS}, rank FROM best JOIN posts USING (id) ORDER BY rank DESC, id DESC
"""  # noqa: S608


class PostStore:
    """All that is done to posts in the database, one statement each.

    Every method raises `DependencyUnavailable` where the database cannot be reached.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, before_id: int, limit: int) -> list[Row]:
        """Return up to `limit` posts with an id below `before_id`, newest first: `Post`."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(_PAGE, before_id, limit)
        return [dict(row) for row in rows]

    async def search(self, query: str, before: tuple[float, int] | None, limit: int) -> list[Row]:
        """Return up to `limit` matches ranked below `before`, best first: `FoundPost`."""
        rank, post_id = before or (None, None)
        async with self._database.connection() as connection:
            rows = await connection.fetch(_SEARCH, query, rank, post_id, limit)
        return [dict(row) for row in rows]

    async def get(self, post_id: int) -> Versioned[Post]:
        """Return a post; raises NotFound."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_ONE, post_id)
        if row is None:
            raise _no_post()
        return _versioned(row)

    async def create(self, post: NewPost) -> Versioned[Post]:
        """Store a post; raises InvalidInput where there is no such author."""
        try:
            async with self._database.connection() as connection:
                row = await connection.fetchrow(_INSERT, post.author_id, post.title, post.body)
        except asyncpg.ForeignKeyViolationError as error:
            raise InvalidInput(("body", "author_id"), "No such user") from error
        return _versioned(row)

    async def update(
        self, post_id: int, change: PostChange, versions: Versions = None
    ) -> Versioned[Post]:
        """Change a post; raises NotFound, or Changed where it has none of the versions."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_UPDATE, post_id, change.title, change.body, versions)
            if row is None:
                raise await _refusal(connection, post_id)
        return _versioned(row)

    async def delete(self, post_id: int, versions: Versions = None) -> None:
        """Delete a post; raises NotFound, or Changed where it has none of the versions."""
        async with self._database.connection() as connection:
            if await connection.fetchrow(_DELETE, post_id, versions) is None:
                raise await _refusal(connection, post_id)


async def _refusal(connection: Connection, post_id: int) -> ServiceError:
    exists = await connection.fetchrow(_EXISTS, post_id) is not None
    return Changed("The post has changed since it was read") if exists else _no_post()


def _post(row: Mapping[str, Any]) -> Post:
    return Post.model_validate(dict(row))


def _versioned(row: Mapping[str, Any]) -> Versioned[Post]:
    return Versioned(_post(row), row["version"])


def _no_post() -> NotFound:
    return NotFound("No such post")
