"""The one exception of this room."""


class PinError(Exception):
    """A team's repository and the installed release do not go together: one line."""
