"""Which requests are made, and how often each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from burnrate.load.world import MOST_POSTS, MOST_USERS, Post, World


@dataclass(frozen=True)
class Call:
    """One request; `learn` takes its JSON when it was answered 2xx."""

    method: str
    path: str
    json: Mapping[str, Any] | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    learn: Callable[[Any], None] | None = None


Maker = Callable[[World], Call]


def list_posts(_: World) -> Call:
    """The newest posts."""
    return Call("GET", "/posts")


def show_post(world: World) -> Call:
    """One post."""
    return Call("GET", f"/posts/{world.any_post()}")


def search_posts(world: World) -> Call:
    """A search for a word."""
    return Call("GET", "/posts/search", params={"q": world.word()})


def list_users(_: World) -> Call:
    """The first users with their posts."""
    return Call("GET", "/users")


def show_user(world: World) -> Call:
    """One user with their posts."""
    return Call("GET", f"/users/{world.any_user()}")


def create_user(world: World) -> Call:
    """A new user; above the most, the oldest one goes instead."""
    if len(world.users) >= MOST_USERS:
        return delete_user(world, world.users[0])
    number = world.next_serial()
    body = {"name": f"Load {number}", "email": f"load-{world.run}-{number}@example.org"}
    return Call("POST", "/users", body, learn=lambda user: world.users.append(user["id"]))


def create_post(world: World) -> Call:
    """A new post; above the most, the oldest one goes instead."""
    if len(world.posts) >= MOST_POSTS:
        return _delete_post(world, world.posts[0].id)
    author = world.any_user()
    body = {"author_id": author, "title": world.sentence(4), "body": world.sentence(60)}
    return Call(
        "POST", "/posts", body, learn=lambda post: world.posts.append(Post(post["id"], author))
    )


def update_post(world: World) -> Call:
    """A new title for a post."""
    return Call("PATCH", f"/posts/{world.any_post()}", {"title": world.sentence(4)})


def update_user(world: World) -> Call:
    """A new name for a user."""
    return Call("PATCH", f"/users/{world.any_user()}", {"name": f"Load {world.next_serial()}"})


def delete_post(world: World) -> Call:
    """One post less."""
    return _delete_post(world, world.any_post())


def delete_user(world: World, user_id: int) -> Call:
    """One user less, with all their posts."""
    # Forgotten before it is asked for: no other request may be made for it meanwhile.
    world.forget_user(user_id)
    return Call("DELETE", f"/users/{user_id}")


def process_text(world: World) -> Call:
    """The analysis of a text; rate limited, so it is not drawn but made at a rate of its own."""
    return Call("POST", "/process", {"text": world.sentence(400) + "."})


def _delete_post(world: World, post_id: int) -> Call:
    world.forget_post(post_id)
    return Call("DELETE", f"/posts/{post_id}")


# Mostly reading, as a service of this kind is used; every route that is not rate limited is here.
REALISTIC: Mapping[Maker, int] = {
    list_posts: 30,
    show_post: 26,
    list_users: 10,
    show_user: 12,
    search_posts: 8,
    create_post: 6,
    update_post: 3,
    update_user: 2,
    create_user: 2,
    delete_post: 1,
}


@dataclass(frozen=True)
class Mix:
    """A weighted choice of requests."""

    weights: Mapping[Maker, int]

    def draw(self, world: World) -> Call:
        """Return the next request."""
        makers: Sequence[Maker] = list(self.weights)
        (maker,) = world.random.choices(makers, list(self.weights.values()))
        return maker(world)
