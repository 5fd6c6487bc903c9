"""Posts with their cache: reads use it, writes invalidate it."""

from api.backends.cache import ResponseCache
from api.posts.schemas import FoundPost, NewPost, Post, PostChange
from api.posts.store import PostStore
from api.web.pagination import (
    MAX_ID,
    Page,
    decode_id,
    decode_rank,
    encode_id,
    encode_rank,
)
from api.web.versions import Versioned, Versions

_LISTS = "lists"


class PostService:
    """What the routes do; cached answers are already encoded."""

    def __init__(self, store: PostStore, cache: ResponseCache) -> None:
        self._store = store
        self._cache = cache

    async def page(self, cursor: str | None, limit: int) -> bytes:
        """Return a page, newest first, as JSON; raises InvalidInput for a wrong cursor."""
        before_id = decode_id(cursor) if cursor is not None else MAX_ID

        async def load() -> bytes:
            posts = await self._store.page(before_id, limit + 1)
            has_more = len(posts) > limit
            posts = posts[:limit]
            next_cursor = encode_id(posts[-1].id) if has_more else None
            return _encode(Page[Post](items=posts, next_cursor=next_cursor))

        # The decoded cursor: one page has one entry, however its cursor is spelled.
        return await self._cache.get(_LISTS, f"{before_id}:{limit}", load)

    async def search(self, query: str, cursor: str | None, limit: int) -> Page[FoundPost]:
        """Return matches, best first; raises InvalidInput for a wrong cursor."""
        before = decode_rank(cursor) if cursor is not None else None
        posts = await self._store.search(query, before, limit + 1)
        has_more = len(posts) > limit
        posts = posts[:limit]
        next_cursor = encode_rank(posts[-1].rank, posts[-1].id) if has_more else None
        return Page[FoundPost](items=posts, next_cursor=next_cursor)

    async def get(self, post_id: int) -> Versioned[bytes]:
        """Return a post as JSON; raises NotFound."""

        async def load() -> bytes:
            post = await self._store.get(post_id)
            return b"%d\n" % post.version + _encode(post.value)

        kept = await self._cache.get(_scope(post_id), "versioned", load)
        version, _, body = kept.partition(b"\n")
        return Versioned(body, int(version))

    async def create(self, post: NewPost) -> Versioned[Post]:
        """Store a post."""
        created = await self._store.create(post)
        # Somebody may have asked for it before there was one.
        await self._cache.invalidate(_scope(created.value.id), _LISTS)
        return created

    async def update(
        self, post_id: int, change: PostChange, versions: Versions = None
    ) -> Versioned[Post]:
        """Change a post; raises NotFound, or Changed where it has none of the versions."""
        updated = await self._store.update(post_id, change, versions)
        await self._cache.invalidate(_scope(post_id), _LISTS)
        return updated

    async def delete(self, post_id: int, versions: Versions = None) -> None:
        """Delete a post; raises NotFound, or Changed where it has none of the versions."""
        await self._store.delete(post_id, versions)
        await self._cache.invalidate(_scope(post_id), _LISTS)


def _scope(post_id: int) -> str:
    return f"post:{post_id}"


def _encode(model: Page[Post] | Post) -> bytes:
    return model.model_dump_json().encode()
