"""Users and posts to read, made through the service itself."""

from typing import Final

from bench.service.generator import Target
from burnrate.cli import CommandError
from burnrate.http_client import HttpClient, NoAnswer, refusal
from burnrate.load import Call, Dataset, create_post, create_user

_TIMEOUT_SECONDS: Final = 10
_CREATED: Final = 201


def make_content(target: Target) -> None:
    """Create the users and posts that the load reads, with the ids from 1 on.

    Raises:
        CommandError: the service does not take them, or has had others before.
    """
    dataset = Dataset("seed")
    try:
        with HttpClient("the service", target.url, timeout_seconds=_TIMEOUT_SECONDS) as service:
            for _ in range(target.users):
                _create(service, create_user(dataset))
            for _ in range(target.posts):
                _create(service, create_post(dataset))
    except NoAnswer as error:
        raise CommandError(f"the service takes no content: {error}") from error
    made = [sorted(dataset.users), sorted(post.id for post in dataset.posts)]
    if made != [list(range(1, count + 1)) for count in (target.users, target.posts)]:
        raise CommandError("the service's database was not empty")


def _create(service: HttpClient, call: Call) -> None:
    answer = service.request(call.method, call.path, json=call.json)
    if answer.status_code != _CREATED or call.learn is None:
        raise CommandError(f"the service takes no content: {refusal(answer)}")
    call.learn(answer.json())
