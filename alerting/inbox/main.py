"""Puts the inbox together: `uvicorn --factory alerting.inbox.main:create_app`.

One process with its own SQLite file and nothing else, so that an alert about the database, about
Redis or about the service can always be received.
"""

import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from alerting.inbox.composition import Composition
from alerting.inbox.errors import SchemaTooNewError, StoreUnavailableError, TokenFileError
from alerting.inbox.machine_login import MachineLogin
from alerting.inbox.metrics import InboxMetrics
from alerting.inbox.settings import Settings, load_settings
from alerting.inbox.store import check_version
from alerting.inbox.watch import calling_at_exit, running
from alerting.inbox.web import (
    EntranceMiddleware,
    HeadMiddleware,
    Hosts,
    Tokens,
    add_error_handlers,
    make_router,
)
from burnrate.telemetry import instrument

_VERSION = version("burnrate-stack")
_log = logging.getLogger(__name__)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the application, from the environment unless settings are given.

    Raises:
        SystemExit: with one line that names the setting that is wrong.
    """
    settings = settings or load_settings()
    try:
        tokens = Tokens(settings.token_file, settings.extra_token_file)
    except TokenFileError as error:
        raise SystemExit(f"inbox: INBOX_TOKEN_FILE: {error}") from None
    login = _machine_login(settings.machine_password_file)
    _refuse_newer_store(settings)
    registry = CollectorRegistry()
    given = None if settings.login == "people" else login
    inbox = Composition(settings, tokens, given, InboxMetrics(registry))
    # Swagger's page would load scripts from elsewhere; the schema itself is served.
    app = FastAPI(
        title="Burnrate inbox",
        version=_VERSION,
        docs_url=None,
        redoc_url=None,
        lifespan=lambda app: _run(app, inbox),
    )
    add_error_handlers(app)
    asked = None if settings.login == "off" else login
    app.add_middleware(EntranceMiddleware, hosts=Hosts(settings.allowed_hosts), login=asked)
    app.add_middleware(HeadMiddleware)
    app.include_router(make_router(inbox.endpoints))
    instrument(app, service="inbox", version=_VERSION, registry=registry)
    return app


def _machine_login(file: Path | None) -> MachineLogin | None:
    try:
        return None if file is None else MachineLogin(file)
    except TokenFileError as error:
        raise SystemExit(f"inbox: INBOX_MACHINE_PASSWORD_FILE: {error}") from None


def _refuse_newer_store(settings: Settings) -> None:
    """Stop here, in one line; any other trouble with the file may pass while the inbox runs."""
    try:
        check_version(settings.database_path)
    except SchemaTooNewError as error:
        raise SystemExit(f"inbox: INBOX_DATABASE_PATH: {error}") from None


def _run(app: FastAPI, inbox: Composition) -> AbstractAsyncContextManager[None]:
    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        try:
            inbox.metrics.show_store(0, await inbox.store.summarize())
        except StoreUnavailableError:
            # It may come back, and until then each delivery gets a 503 and is sent again.
            _log.exception("the store is not available")
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(inbox.close)
            stack.enter_context(calling_at_exit(inbox.changes.close))
            await stack.enter_async_context(running(*inbox.jobs(app.state.telemetry)))
            yield
            inbox.changes.close()

    return lifespan()
