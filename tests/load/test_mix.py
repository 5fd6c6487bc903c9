"""What the load asks for."""

import pytest

from burnrate.load.dataset import MOST_USERS, Dataset, Post
from burnrate.load.mix import (
    REALISTIC,
    Call,
    Mix,
    create_post,
    create_user,
    delete_post,
    process_text,
)
from burnrate.load.stats import Stats, quantile


def dataset() -> Dataset:
    """A dataset with some content."""
    made = Dataset("test")
    made.users.extend([1, 2, 3])
    made.posts.extend([Post(10, 1), Post(11, 1), Post(12, 2)])
    return made


def test_every_kind_of_request_is_drawn_by_its_weight() -> None:
    """Mostly reading; each route is in it."""
    mix, content = Mix(REALISTIC), dataset()
    calls: list[Call] = []
    for _ in range(2_000):
        if not content.has_content:
            content = dataset()
        calls.append(mix.draw(content))
    methods = [call.method for call in calls]
    assert methods.count("GET") / len(methods) == pytest.approx(0.86, abs=0.04)
    assert {"GET", "POST", "PATCH", "DELETE"} == set(methods)
    paths = {call.path for call in calls}
    assert {"/posts", "/posts/search", "/users"} <= paths


def test_what_was_created_is_known_only_when_it_was_answered() -> None:
    """Nobody else's ids are ever asked for."""
    content = Dataset("test")
    call = create_user(content)
    assert not content.users
    assert call.learn is not None
    call.learn({"id": 7})
    assert list(content.users) == [7]
    post = create_post(content)
    assert post.json is not None
    assert post.json["author_id"] == 7
    assert post.learn is not None
    post.learn({"id": 70})
    assert list(content.posts) == [Post(70, 7)]


def test_no_two_users_have_one_address() -> None:
    """Two runs at once do not meet either."""
    content = Dataset("test")
    addresses = {str((create_user(content).json or {})["email"]) for _ in range(50)}
    assert len(addresses) == 50
    assert all(address.startswith("load-test-") for address in addresses)


def test_a_long_run_does_not_fill_the_database() -> None:
    """Above the most, the oldest user goes, with all their posts."""
    content = dataset()
    content.users.extend(range(100, 100 + MOST_USERS))
    call = create_user(content)
    assert (call.method, call.path) == ("DELETE", "/users/1")
    assert 1 not in content.users
    assert list(content.posts) == [Post(12, 2)]


def test_a_text_to_analyse_is_one_sentence_and_not_drawn() -> None:
    """The service limits how often it is asked for, so it comes at a rate of its own."""
    call = process_text(dataset())
    assert (call.method, call.path) == ("POST", "/process")
    assert call.json is not None
    assert call.json["text"].endswith(".")
    assert len(call.json["text"].split()) == 400
    assert process_text not in REALISTIC


def test_what_is_being_deleted_is_not_asked_for() -> None:
    """Or the mix would have 404s of its own making."""
    content = dataset()
    gone = int(delete_post(content).path.rpartition("/")[2])
    assert gone not in [post.id for post in content.posts]


def test_a_line_tells_what_became_of_the_requests() -> None:
    """By class of status."""
    stats = Stats(sent=5)
    for status in (200, 201, 404, 503):
        stats.answered(status, 0.01)
    stats.failed = 1
    assert stats.done == 5
    assert stats.succeeded == 2
    assert stats.line().startswith("2xx 2  4xx 1  5xx 1  failed 1  p50 10 ms  p99 10 ms")


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([7.0], 0.99, 7.0),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([1.0, 2.0], 0.5, 1.5),
        ([*map(float, range(1_001))][::-1], 0.999, 999.0),
    ],
)
def test_quantiles_are_of_what_there_is(
    values: list[float], share: float, expected: float | None
) -> None:
    """None where there is nothing; between two values where there are few."""
    assert quantile(values, share) == expected
