"""What the service raises, named for the condition; `api.web.errors` turns it into HTTP."""


class ServiceError(Exception):
    """A refusal whose message may be shown to the client."""


class NotFound(ServiceError):
    """What the request names does not exist."""


class Conflict(ServiceError):
    """The request contradicts what is already stored."""


class Changed(ServiceError):
    """What is stored is not what the request says it has seen."""


class InvalidInput(ServiceError):
    """A value is well-formed but cannot be used.

    `location` is the path to the value as in a validation error, such as `("query", "cursor")`.
    The message must not repeat the value.
    """

    def __init__(self, location: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.location = location


class DependencyUnavailable(ServiceError):
    """Something the request needs does not answer or is full; a retry later may succeed."""

    def __init__(self, dependency: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(f"{dependency} is unavailable")
        self.dependency = dependency
        self.retry_after_seconds = retry_after_seconds


class InvalidSettings(Exception):
    """A setting cannot be used; the message is one line that names the variable."""
