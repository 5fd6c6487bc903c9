"""The one exception of this room."""


class ExportError(Exception):
    """What cannot be exported, and what to give instead: one line."""
