"""The conditions the inbox refuses or fails for; only the handlers know which status they are."""


class NotJSONError(Exception):
    """The body is not JSON."""


class NotPayloadError(Exception):
    """The body is JSON, and not a webhook payload of version 4."""


class BodyTooLargeError(Exception):
    """The body is longer than the limit."""


class BodyTimeoutError(Exception):
    """The body did not arrive in time."""


class StoreUnavailableError(Exception):
    """The store cannot be read or written now; the same call may work later."""


class StoreDamagedError(StoreUnavailableError):
    """The store's file is damaged: no later call will work with it."""


class SchemaTooNewError(StoreUnavailableError):
    """The store was written by a newer inbox, whose tables this one does not know."""


class TokenFileError(Exception):
    """A token file does not hold one usable token."""


class UpstreamUnavailableError(Exception):
    """Prometheus or Alertmanager did not answer, or not with what was asked for."""


class TooManyStreamsError(Exception):
    """As many clients follow the changes already as the inbox has room for."""
