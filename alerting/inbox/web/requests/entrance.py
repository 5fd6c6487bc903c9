"""Lets in what comes by the door, under one of our names; all else past it is refused.

So nobody who reaches the port can act or read as somebody: not by a header of their own, and not by
a page in a browser that a rebound name leads here.
"""

import logging
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from alerting.inbox.machine_login import MachineLogin
from alerting.inbox.web.error_handlers import answer_error
from alerting.inbox.web.requests.hosts import Hosts

_log = logging.getLogger(__name__)

# Of machines that come past the door; the webhook has tokens of its own.
_OPEN: Final = frozenset({"/health/live", "/health/ready", "/metrics", "/webhooks/alertmanager"})
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class EntranceMiddleware:
    """Answers 421 for a name that is not ours, 403 to other sites' pages, 401 past the door."""

    def __init__(self, app: ASGIApp, hosts: Hosts, login: MachineLogin | None) -> None:
        """Take what the door proves itself by; None asks nobody."""
        self.app = app
        self._hosts = hosts
        self._login = login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one scope of any type."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self.app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._hosts.has(headers.get("host", "")):
            return answer_error(421, "this host name is not in INBOX_ALLOWED_HOSTS")
        if scope["method"] not in _READING and _is_of_another_site(headers):
            _log.warning("refused another site's request", extra={"path": scope["path"]})
            return answer_error(403, "only the inbox's own page may do this")
        if scope["path"] in _OPEN or self._is_of_the_door(headers):
            return None
        challenge = {"WWW-Authenticate": 'Basic realm="Burnrate"'}
        return answer_error(401, "this is past the door: come in at DOOR_PORT", challenge)

    def _is_of_the_door(self, headers: Headers) -> bool:
        return self._login is None or self._login.is_given(headers.get("authorization", ""))


def _is_of_another_site(headers: Headers) -> bool:
    """Whether a browser says so of the page that sends this; programs say nothing of it.

    https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
    """
    if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return True
    origin, host = headers.get("origin"), headers.get("host", "")
    return origin is not None and _place(origin) != host.lower()


def _place(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None
