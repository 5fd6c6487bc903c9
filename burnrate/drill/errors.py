"""The exceptions of this room; each message is one line for the user."""


class DrillError(Exception):
    """A drill cannot go on."""


class Refused(DrillError):
    """A drill does not even begin: nothing was changed."""


class UndoFailed(DrillError):
    """A fault could not be taken back: the message says how to do it by hand."""
