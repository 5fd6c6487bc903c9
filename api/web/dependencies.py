"""How routes get the objects that main made."""

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

from fastapi import FastAPI
from starlette.requests import HTTPConnection

T = TypeVar("T")


def register(app: FastAPI, *services: object) -> None:
    """Let routes depend on these objects, each under its class and its class's bases."""
    registered: dict[type, object] = getattr(app.state, "services", {})
    for service in services:
        for kind in type(service).__mro__[:-1]:
            registered[kind] = service
    app.state.services = registered


def provide(kind: type[T]) -> Callable[[HTTPConnection], Awaitable[T]]:
    """Return a dependency: the registered object of a class."""

    # A coroutine, although nothing waits: FastAPI would send a plain function to a thread.
    async def get(connection: HTTPConnection) -> T:
        return cast("T", connection.app.state.services[kind])

    return get
