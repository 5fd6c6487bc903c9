"""The one exception of this room."""


class TeamError(Exception):
    """A repository cannot be made or compared: one line with the reason, and nothing is changed."""
