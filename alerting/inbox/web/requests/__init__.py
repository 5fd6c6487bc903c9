"""What every request is held to: which way it comes, how large it is, who says what in it."""

from alerting.inbox.web.requests.body import BodyLimits, read_body
from alerting.inbox.web.requests.entrance import EntranceMiddleware
from alerting.inbox.web.requests.head import HeadMiddleware
from alerting.inbox.web.requests.hosts import Hosts
from alerting.inbox.web.requests.words import (
    ActionBody,
    is_form,
    read_content,
    read_words,
    user_of,
)

__all__ = [
    "ActionBody",
    "BodyLimits",
    "EntranceMiddleware",
    "HeadMiddleware",
    "Hosts",
    "is_form",
    "read_body",
    "read_content",
    "read_words",
    "user_of",
]
