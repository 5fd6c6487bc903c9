"""Which requests are made, and how often each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from burnrate.load.dataset import MOST_POSTS, MOST_USERS, Dataset, Post


@dataclass(frozen=True)
class Call:
    """One request; `learn` takes its JSON when it was answered 2xx."""

    method: str
    path: str
    json: Mapping[str, Any] | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    learn: Callable[[Any], None] | None = None


Maker = Callable[[Dataset], Call]


def list_posts(_: Dataset) -> Call:
    """Ask for the newest posts."""
    return Call("GET", "/posts")


def show_post(dataset: Dataset) -> Call:
    """Ask for one post."""
    return Call("GET", f"/posts/{dataset.any_post()}")


def search_posts(dataset: Dataset) -> Call:
    """Search posts for a word."""
    return Call("GET", "/posts/search", params={"q": dataset.word()})


def list_users(_: Dataset) -> Call:
    """Ask for the first users with their posts."""
    return Call("GET", "/users")


def show_user(dataset: Dataset) -> Call:
    """Ask for one user with their posts."""
    return Call("GET", f"/users/{dataset.any_user()}")


def create_user(dataset: Dataset) -> Call:
    """Create a user; above MOST_USERS, delete the oldest one instead."""
    if len(dataset.users) >= MOST_USERS:
        return delete_user(dataset, dataset.users[0])
    number = dataset.next_serial()
    body = {"name": f"Load {number}", "email": f"load-{dataset.run}-{number}@example.org"}
    return Call("POST", "/users", body, learn=lambda user: dataset.users.append(user["id"]))


def create_post(dataset: Dataset) -> Call:
    """Create a post; above MOST_POSTS, delete the oldest one instead."""
    if len(dataset.posts) >= MOST_POSTS:
        return _delete_post(dataset, dataset.posts[0].id)
    author = dataset.any_user()
    body = {"author_id": author, "title": dataset.sentence(4), "body": dataset.sentence(60)}
    return Call(
        "POST", "/posts", body, learn=lambda post: dataset.posts.append(Post(post["id"], author))
    )


def update_post(dataset: Dataset) -> Call:
    """Give a post a new title."""
    return Call("PATCH", f"/posts/{dataset.any_post()}", {"title": dataset.sentence(4)})


def update_user(dataset: Dataset) -> Call:
    """Give a user a new name."""
    return Call("PATCH", f"/users/{dataset.any_user()}", {"name": f"Load {dataset.next_serial()}"})


def delete_post(dataset: Dataset) -> Call:
    """Delete any post."""
    return _delete_post(dataset, dataset.any_post())


def delete_user(dataset: Dataset, user_id: int) -> Call:
    """Delete a user, and with them their posts."""
    # Forgotten before it is asked for: no other request may be made for it meanwhile.
    dataset.forget_user(user_id)
    return Call("DELETE", f"/users/{user_id}")


def process_text(dataset: Dataset) -> Call:
    """Have a text analysed; rate limited, so it is made at a rate of its own and not drawn."""
    return Call("POST", "/process", {"text": dataset.sentence(400) + "."})


def _delete_post(dataset: Dataset, post_id: int) -> Call:
    dataset.forget_post(post_id)
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

    def draw(self, dataset: Dataset) -> Call:
        """Draw the next request by its weight."""
        makers: Sequence[Maker] = list(self.weights)
        (maker,) = dataset.random.choices(makers, list(self.weights.values()))
        return maker(dataset)
