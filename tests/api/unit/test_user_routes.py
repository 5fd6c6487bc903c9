"""The user routes on a store that is not there."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.backends.cache import Load, ResponseCache, Scope
from api.errors import Conflict, DependencyUnavailable, NotFound
from api.users import routes
from api.users.schemas import NewUser, User, UserChange, UserWithPosts
from api.users.service import CACHE, PAGES, UserService
from api.users.store import ShownUser, UserStore
from api.web.versions import Versioned, Versions
from tests.api.unit.apps import make_client

_CREATED = datetime(2026, 1, 1, tzinfo=UTC)


class FakeUserStore(UserStore):
    """Users in a dictionary."""

    def __init__(self) -> None:
        self.users: dict[int, User] = {}
        self.is_down = False

    async def page(self, after_id: int, limit: int) -> list[ShownUser]:
        """List users."""
        self._check()
        users = [user for id_, user in sorted(self.users.items()) if id_ > after_id]
        return [_shown(user) for user in users[:limit]]

    async def get(self, user_id: int) -> Versioned[ShownUser]:
        """Return a user."""
        return Versioned(_shown(self._find(user_id)), 1)

    async def create(self, user: NewUser) -> Versioned[User]:
        """Store a user."""
        self._check()
        if any(each.email == user.email for each in self.users.values()):
            raise Conflict("Another user has this email address")
        created = User(id=len(self.users) + 1, created_at=_CREATED, **user.model_dump())
        self.users[created.id] = created
        return Versioned(created, 1)

    async def update(
        self, user_id: int, change: UserChange, versions: Versions = None
    ) -> Versioned[User]:
        """Change a user, whatever its version."""
        del versions
        changed = self._find(user_id).model_copy(update=change.model_dump(exclude_none=True))
        self.users[user_id] = changed
        return Versioned(changed, 2)

    async def delete(self, user_id: int, versions: Versions = None) -> None:
        """Delete a user, whatever its version."""
        del versions
        del self.users[self._find(user_id).id]

    def _find(self, user_id: int) -> User:
        self._check()
        if user_id not in self.users:
            raise NotFound("No such user")
        return self.users[user_id]

    def _check(self) -> None:
        if self.is_down:
            raise DependencyUnavailable("postgres")


def _shown(user: User) -> ShownUser:
    shown = UserWithPosts(**user.model_dump(), posts=[])
    return ShownUser(user.id, shown.model_dump_json())


class NoCache(ResponseCache):
    """Keeps nothing, and takes note of what is invalidated."""

    def __init__(self) -> None:
        self.invalidated: list[Scope] = []
        self.is_emptied = False

    async def get(self, scope: Scope, entry: str, load: Load) -> bytes:
        """Load."""
        del entry
        assert scope.cache == CACHE
        return await load()

    async def invalidate(self, *scopes: Scope) -> None:
        """Take note."""
        self.invalidated += scopes

    async def invalidate_all(self) -> None:
        """Take note."""
        self.is_emptied = True


class Users:
    """The routes on a fake store."""

    def __init__(self) -> None:
        self.store = FakeUserStore()
        self.cache = NoCache()
        service = UserService(self.store, self.cache)
        self.client: TestClient = make_client(routes.router, services=(service,))

    def create(self, name: str) -> dict[str, Any]:
        """Create a user."""
        response = self.client.post("/users", json={"name": name, "email": f"{name}@example.org"})
        assert response.status_code == 201
        created: dict[str, Any] = response.json()
        return created


@pytest.fixture
def users() -> Users:
    """Return the routes."""
    return Users()


def test_pages_follow_on_each_other_until_the_last(users: Users) -> None:
    """Which has no cursor, full or not."""
    names = [users.create(name)["name"] for name in "abcd"]
    seen, cursor = [], None
    for _ in range(2):
        parameters = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = users.client.get("/users", params=parameters).json()
        seen += [user["name"] for user in page["items"]]
        cursor = page["next_cursor"]
    assert seen == names
    assert cursor is None


def test_each_change_invalidates_what_shows_it(users: Users) -> None:
    """With a user their posts go, which are shown elsewhere; what fails changes nothing."""
    created = users.create("a")
    assert users.cache.invalidated == [PAGES]
    assert users.client.patch(f"/users/{created['id']}", json={"name": "b"}).status_code == 200
    assert users.cache.invalidated == [PAGES] * 2
    assert users.client.patch("/users/99", json={"name": "b"}).status_code == 404
    assert users.client.delete("/users/99").status_code == 404
    assert (users.cache.invalidated, users.cache.is_emptied) == ([PAGES] * 2, False)
    assert users.client.delete(f"/users/{created['id']}").status_code == 204
    assert users.cache.is_emptied


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"name": ""},
        {"name": None},
        {"email": "nobody"},
        {"email": "a@b"},
        {"email": "a b@example.org"},
        {"email": "a@example.org\n"},
        {"email": "a" * 250 + "@example.org"},
        {"name": "\ud800"},
        {"admin": True},
    ],
)
def test_wrong_change_is_refused(users: Users, change: dict[str, Any]) -> None:
    """And changes nothing."""
    created = users.create("a")
    # Not as the client encodes it: that one refuses half a surrogate pair itself.
    content = json.dumps(change).encode()
    headers = {"Content-Type": "application/json"}
    response = users.client.patch(f"/users/{created['id']}", content=content, headers=headers)
    assert response.status_code == 422
    assert users.client.get(f"/users/{created['id']}").json()["name"] == "a"


@pytest.mark.parametrize("user_id", ["0", "-1", "x", str(2**63), "1.5", "9" * 5_000])
def test_id_that_cannot_be_one_is_refused(users: Users, user_id: str) -> None:
    """Before the store is asked."""
    assert users.client.get(f"/users/{user_id}").status_code == 422


def test_every_route_is_503_without_the_store(users: Users) -> None:
    """And none is a 500."""
    users.store.is_down = True
    body = {"name": "a", "email": "a@example.org"}
    responses = [
        users.client.get("/users"),
        users.client.get("/users/1"),
        users.client.post("/users", json=body),
        users.client.patch("/users/1", json={"name": "b"}),
        users.client.delete("/users/1"),
    ]
    assert [response.status_code for response in responses] == [503] * 5
