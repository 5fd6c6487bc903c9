"""Users, whose pages are cached: reads use the cache, writes invalidate it."""

from typing import Final

from api.backends.cache import ResponseCache, Scope
from api.users.schemas import NewUser, User, UserChange
from api.users.store import ShownUser, UserStore
from api.web.pagination import cut, decode_id, encode_id
from api.web.versions import Versioned, Versions

CACHE: Final = "users"
# They show posts: who changes one invalidates them, too.
PAGES: Final = Scope(CACHE, "pages")


class UserService:
    """What the routes do; pages are already encoded.

    Args:
        store: Where users are.
        cache: Counts look-ups as `CACHE`.
    """

    def __init__(self, store: UserStore, cache: ResponseCache) -> None:
        self._store = store
        self._cache = cache

    async def page(self, cursor: str | None, limit: int) -> bytes:
        """Return a page, oldest first, as JSON; raises InvalidInput for a wrong cursor."""
        after_id = decode_id(cursor) if cursor is not None else 0

        async def load() -> bytes:
            return _encode_page(await self._store.page(after_id, limit + 1), limit)

        return await self._cache.get(PAGES, f"{after_id}:{limit}", load)

    async def get(self, user_id: int) -> Versioned[ShownUser]:
        """Return a user as of now; raises NotFound."""
        # One of many is seldom asked for twice before it, or one of its posts, changes.
        return await self._store.get(user_id)

    async def create(self, user: NewUser) -> Versioned[User]:
        """Store a user; raises Conflict."""
        created = await self._store.create(user)
        await self._cache.invalidate(PAGES)
        return created

    async def update(
        self, user_id: int, change: UserChange, versions: Versions = None
    ) -> Versioned[User]:
        """Change a user; raises NotFound, Conflict, or Changed where it has no such version."""
        updated = await self._store.update(user_id, change, versions)
        await self._cache.invalidate(PAGES)
        return updated

    async def delete(self, user_id: int, versions: Versions = None) -> None:
        """Delete a user with all posts; raises as `update` does."""
        await self._store.delete(user_id, versions)
        # Nobody knows which posts those were.
        await self._cache.invalidate_all()


def _encode_page(users: list[ShownUser], limit: int) -> bytes:
    """Return what `Page` is in JSON, of one user more than it shows where there are more."""
    shown, last = cut(users, limit)
    next_cursor = f'"{encode_id(last.id)}"' if last is not None else "null"
    items = ",".join([user.json for user in shown])
    return f'{{"items":[{items}],"next_cursor":{next_cursor}}}'.encode()
