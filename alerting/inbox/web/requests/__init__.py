"""What every request is held to: whose page it comes from, how large it is, who says what in it."""

from alerting.inbox.web.requests.body import BodyLimits, read_body
from alerting.inbox.web.requests.head import HeadMiddleware
from alerting.inbox.web.requests.same_origin import SameOrigin
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
    "HeadMiddleware",
    "SameOrigin",
    "is_form",
    "read_body",
    "read_content",
    "read_words",
    "user_of",
]
