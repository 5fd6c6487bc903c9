"""Posts with their cache: reads use it, writes invalidate it."""

from collections.abc import Sequence
from typing import Final

from pydantic_core import to_json

from api.backends.cache import ResponseCache, Scope
from api.posts.schemas import NewPost, Post, PostChange
from api.posts.store import PostStore, Row
from api.web.pagination import MAX_ID, cut, decode_id, decode_rank, encode_id, encode_rank
from api.web.versions import Versioned, Versions

CACHE: Final = "posts"
_LISTS: Final = Scope(CACHE, "lists")


class PostService:
    """What the routes do; cached answers are already encoded.

    Args:
        store: Where posts are.
        cache: Counts look-ups as `CACHE`.
        shown_in: What else shows posts, and is invalidated with them.
    """

    def __init__(self, store: PostStore, cache: ResponseCache, shown_in: Sequence[Scope]) -> None:
        self._store = store
        self._cache = cache
        self._shown_in = (_LISTS, *shown_in)

    async def page(self, cursor: str | None, limit: int) -> bytes:
        """Return a page, newest first, as JSON; raises InvalidInput for a wrong cursor."""
        before_id = decode_id(cursor) if cursor is not None else MAX_ID

        async def load() -> bytes:
            posts, last = cut(await self._store.page(before_id, limit + 1), limit)
            return _encode_page(posts, encode_id(last["id"]) if last is not None else None)

        # The decoded cursor: one page has one entry, however its cursor is spelled.
        return await self._cache.get(_LISTS, f"{before_id}:{limit}", load)

    async def search(self, query: str, cursor: str | None, limit: int) -> bytes:
        """Return matches, best first, as JSON; raises InvalidInput for a wrong cursor."""
        before = decode_rank(cursor) if cursor is not None else None
        posts, last = cut(await self._store.search(query, before, limit + 1), limit)
        next_cursor = encode_rank(last["rank"], last["id"]) if last is not None else None
        return _encode_page(posts, next_cursor)

    async def get(self, post_id: int) -> Versioned[bytes]:
        """Return a post as JSON; raises NotFound."""

        async def load() -> bytes:
            post = await self._store.get(post_id)
            return b"%d\n" % post.version + post.value.model_dump_json().encode()

        kept = await self._cache.get(_scope(post_id), "versioned", load)
        version, _, body = kept.partition(b"\n")
        return Versioned(body, int(version))

    async def create(self, post: NewPost) -> Versioned[Post]:
        """Store a post."""
        created = await self._store.create(post)
        # Somebody may have asked for it before there was one.
        await self._changed(created.value.id)
        return created

    async def update(
        self, post_id: int, change: PostChange, versions: Versions = None
    ) -> Versioned[Post]:
        """Change a post; raises NotFound, or Changed where it has none of the versions."""
        updated = await self._store.update(post_id, change, versions)
        await self._changed(post_id)
        return updated

    async def delete(self, post_id: int, versions: Versions = None) -> None:
        """Delete a post; raises NotFound, or Changed where it has none of the versions."""
        await self._store.delete(post_id, versions)
        await self._changed(post_id)

    async def _changed(self, post_id: int) -> None:
        await self._cache.invalidate(_scope(post_id), *self._shown_in)


def _scope(post_id: int) -> Scope:
    return Scope(CACHE, f"post:{post_id}")


def _encode_page(posts: list[Row], next_cursor: str | None) -> bytes:
    """Return what `Page` is in JSON, without making its objects."""
    return to_json({"items": posts, "next_cursor": next_cursor})
