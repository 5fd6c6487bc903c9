"""The one exception of this room."""


class ServiceError(Exception):
    """A service cannot be added or removed: one line with the reason, and nothing is changed."""
