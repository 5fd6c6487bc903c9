"""The one exception of this room."""


class NotifyError(Exception):
    """Nobody can be told: one line with the reason."""
