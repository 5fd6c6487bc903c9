"""Keeps other sites' pages from changing anything here with a visitor's browser.

The inbox has no login: anybody who reaches its port may acknowledge. A browser on the same machine
reaches it for any page it shows, so what a browser says about that page is checked, as
https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
advises. Programs send neither header and are let through.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.requests import Request

from alerting.inbox.errors import CrossSiteError


class SameOrigin:
    """Decides whether a request that changes something comes from our own page."""

    def __init__(self, allowed_hosts: str) -> None:
        """Take the names, comma-separated, under which the inbox is reached through a proxy."""
        self._allowed = {name.strip().lower() for name in allowed_hosts.split(",") if name.strip()}

    def __call__(self, request: Request) -> None:
        """Refuse a request from elsewhere.

        Raises:
            CrossSiteError: by its Sec-Fetch-Site, its Origin, or its Host.
        """
        host = request.headers.get("host", "")
        site = request.headers.get("sec-fetch-site")
        origin = request.headers.get("origin")
        if site not in {None, "same-origin", "none"}:
            raise CrossSiteError("only the inbox's own page may do this")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            raise CrossSiteError("only the inbox's own page may do this")
        # A name that its owner points at 127.0.0.1 makes his page one of the same origin.
        if not self._is_ours(host):
            raise CrossSiteError("this host name is not in INBOX_ALLOWED_HOSTS")

    def _is_ours(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:
            return False
        if not name or name in self._allowed:
            return bool(name)
        if "." not in name and ":" not in name:
            return True  # not a name of the public DNS
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name.endswith(".localhost")
        return True
