"""Users and posts to read, made through the service itself."""

import json
from http.client import HTTPConnection, HTTPException
from typing import Final

from bench.service.generator import Target
from burnrate.cli import CommandError
from burnrate.load.mix import Call, create_post, create_user
from burnrate.load.world import World

_TIMEOUT_SECONDS: Final = 10
_CREATED: Final = 201


def make_content(target: Target) -> None:
    """Create the users and posts that the load reads, with the ids from 1 on.

    Raises:
        CommandError: the service does not take them, or has had others before.
    """
    world = World("seed")
    connection = HTTPConnection(target.url.removeprefix("http://"), timeout=_TIMEOUT_SECONDS)
    try:
        for _ in range(target.users):
            _create(connection, create_user(world))
        for _ in range(target.posts):
            _create(connection, create_post(world))
    except (OSError, HTTPException) as error:
        raise CommandError(f"the service takes no content: {error}") from error
    finally:
        connection.close()
    made = [sorted(world.users), sorted(post.id for post in world.posts)]
    if made != [list(range(1, count + 1)) for count in (target.users, target.posts)]:
        raise CommandError("the service's database was not empty")


def _create(connection: HTTPConnection, call: Call) -> None:
    headers = {"Content-Type": "application/json"}
    connection.request(call.method, call.path, json.dumps(call.json), headers)
    response = connection.getresponse()
    body = response.read()
    if response.status != _CREATED or call.learn is None:
        raise CommandError(f"the service takes no content: status {response.status}")
    call.learn(json.loads(body))
