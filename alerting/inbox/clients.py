"""The HTTP clients by which the inbox asks others; none takes anything from the environment."""

from collections.abc import Mapping
from typing import Final

import httpx2

from alerting.inbox.errors import TokenFileError
from alerting.inbox.prometheus_login import PrometheusLogin
from alerting.inbox.settings import Settings

# A server that takes longer to answer is treated as dead.
_ANSWER_SECONDS: Final = 5.0
# As Mimir and its like name it.
_TENANT: Final = "X-Scope-OrgID"


def part_client(
    auth: httpx2.Auth | None = None, headers: Mapping[str, str] | None = None
) -> httpx2.AsyncClient:
    """Return a client that sends a login and headers with each request, if there are such."""
    return httpx2.AsyncClient(
        auth=auth,
        headers=headers,
        timeout=_ANSWER_SECONDS,
        follow_redirects=False,
        trust_env=False,
    )


def prometheus_client(settings: Settings, login: httpx2.Auth | None) -> httpx2.AsyncClient:
    """Return the client for Prometheus: with its own login and tenant where there are such.

    Args:
        settings: Which say so.
        login: The stack's own otherwise.

    Raises:
        SystemExit: the file of its secret holds none.
    """
    tenant, file = settings.prometheus_tenant, settings.prometheus_secret_file
    headers = {} if tenant is None else {_TENANT: tenant}
    if file is None:
        return part_client(login, headers)
    try:
        return part_client(PrometheusLogin(settings.prometheus_user, file), headers)
    except TokenFileError as error:
        raise SystemExit(f"inbox: INBOX_PROMETHEUS_SECRET_FILE: {error}") from None
