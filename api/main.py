"""Puts the service together: what it consists of, and its start and stop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version

from fastapi import Depends, FastAPI
from redis.exceptions import RedisError

from api.backends.cache import ResponseCache
from api.backends.counter import Counter
from api.backends.migrations import read_migrations
from api.backends.postgres import Database
from api.backends.redis import RedisBackend, RedisUnavailable
from api.documents import routes as documents
from api.documents.analyst import Analyst
from api.documents.fetcher import Fetcher
from api.documents.service import DocumentService, Workplace
from api.documents.workspace import Workspace
from api.faults import routes as faults
from api.faults.actions import Faults
from api.faults.inject import inject
from api.faults.store import InjectionStore
from api.feed import routes as feed
from api.feed.channel import Channel
from api.feed.hub import Hub
from api.posts import routes as posts
from api.posts.routes import PostEvents
from api.posts.service import CACHE as POSTS_CACHE
from api.posts.service import PostService
from api.posts.store import PostStore
from api.settings import Settings, load_settings_or_exit
from api.users import routes as users
from api.users.service import CACHE as USERS_CACHE
from api.users.service import PAGES as USER_PAGES
from api.users.service import UserService
from api.users.store import UserStore
from api.web import health
from api.web.admission import AdmissionMiddleware, GivenUpMiddleware
from api.web.body_limit import BodyLimitMiddleware
from api.web.compression import CompressionMiddleware
from api.web.dependencies import register
from api.web.docs import add_docs
from api.web.endpoints import EndpointTable
from api.web.errors import add_error_handlers
from api.web.head import HeadMiddleware
from api.web.headers import SecurityHeadersMiddleware
from api.web.health import Check, HealthChecks
from api.web.host import OneHostMiddleware
from api.web.rate_limit import CounterUnavailable, Policy, RateLimiter, RateLimitMiddleware
from burnrate.telemetry import Telemetry, instrument

VERSION = version("burnrate-stack")

_DESCRIPTION = "Users, their posts, a live feed, and the analysis of documents."


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the service; without settings they are read from the environment.

    A wrong setting ends the process with one line that names it.
    """
    settings = settings or load_settings_or_exit()
    app = FastAPI(
        title="Burnrate API",
        description=_DESCRIPTION,
        version=VERSION,
        lifespan=_lifespan,
        openapi_url="/openapi.json" if settings.docs.enabled else None,
        # FastAPI's own pages need a CDN; `add_docs` serves ours.
        docs_url=None,
        redoc_url=None,
        # Starlette would build the address from the Host header, which the client chose.
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    telemetry = instrument(app, service="api", version=VERSION)
    parts = _Parts(settings, telemetry)
    app.state.parts = parts
    register(app, EndpointTable(app.routes), *parts.services)
    _add_routes(app, settings)
    add_error_handlers(app)
    _add_middleware(app, settings, parts.limiter)
    return app


class _Parts:
    """Everything that lives as long as the process, made but not started."""

    def __init__(self, settings: Settings, telemetry: Telemetry) -> None:
        self.database = Database(
            settings.database,
            pool_min=settings.share(settings.database.pool_min),
            pool_max=settings.share(settings.database.pool_max),
            migrations=read_migrations(),
            make_meter=lambda most, idle: telemetry.pool(
                "postgres", max_connections=most, idle=idle
            ),
        )
        self.redis = RedisBackend(
            settings.redis,
            pool_max=settings.share(settings.redis.pool_max),
            make_meter=lambda most, idle: telemetry.pool("redis", max_connections=most, idle=idle),
        )
        self.executor = telemetry.executor(
            max_workers=settings.process.executor_threads,
            max_pending=settings.process.executor_pending,
            timeout_seconds=settings.process.executor_timeout_seconds,
            # The analyst has one document at a time.
            max_long=1,
        )
        self.analyst = Analyst()
        self.limiter = _rate_limiter(settings, telemetry, self.redis)
        self.hub = Hub(
            max_clients=settings.feed.max_clients, queue_length=settings.feed.queue_length
        )
        self.channel = Channel(self.redis, settings.redis, self.hub)
        self.fetcher = Fetcher(settings.process)
        self.workspace = Workspace()
        self.cache = ResponseCache(
            self.redis,
            {name: telemetry.cache(name) for name in (POSTS_CACHE, USERS_CACHE)},
            ttl_seconds=settings.cache.ttl_seconds,
        )
        self.injections = InjectionStore(self.redis) if settings.faults.enabled else None
        self.services = self._services(settings, telemetry)

    def _services(self, settings: Settings, telemetry: Telemetry) -> list[object]:
        services: list[object] = [
            UserService(UserStore(self.database), self.cache),
            PostService(PostStore(self.database), self.cache, shown_in=(USER_PAGES,)),
            PostEvents(created=telemetry.background("announce_post", self.channel.announce)),
            DocumentService(self.fetcher, self._workplace(telemetry), settings.process),
            self.hub,
            HealthChecks(
                Check("postgres", self.database.ping, is_required=True),
                Check("redis", self.redis.ping, is_required=False),
            ),
        ]
        if self.injections is not None:
            services += [self.injections, Faults(self.database, self.redis, self.executor)]
        return services

    def _workplace(self, telemetry: Telemetry) -> Workplace:
        clean_up = telemetry.background("clean_up_document", self.workspace.discard)
        return Workplace(self.executor, self.analyst, self.workspace, clean_up)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start everything; stop it in the opposite order."""
        async with AsyncExitStack() as stack:
            stack.enter_context(self.workspace.running())
            stack.callback(self.analyst.close)
            # In a thread: it waits for what still computes.
            stack.push_async_callback(asyncio.to_thread, self.executor.shutdown)
            await stack.enter_async_context(self.fetcher.running())
            await stack.enter_async_context(self.redis.running())
            await stack.enter_async_context(self.channel.running())
            if self.injections is not None:
                await stack.enter_async_context(self.injections.running())
            await stack.enter_async_context(self.database.running())
            yield


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with app.state.parts.running():
        yield


def _rate_limiter(settings: Settings, telemetry: Telemetry, redis: RedisBackend) -> RateLimiter:
    counter = Counter(redis)

    async def count(key: str, lifetime_seconds: int) -> int:
        try:
            return await counter.increment(key, lifetime_seconds)
        except (RedisUnavailable, RedisError) as error:
            raise CounterUnavailable from error

    limits = settings.rate_limit
    client, process = telemetry.rate_limit("per_client"), telemetry.rate_limit("process")
    return RateLimiter(
        count,
        (
            Policy("per_client", limits.per_minute, client),
            Policy("process", limits.process_per_minute, process, route=("POST", "/process")),
        ),
    )


def _add_routes(app: FastAPI, settings: Settings) -> None:
    # Not into health checks or the fault routes, which must be able to end a fault.
    injected = [Depends(inject)] if settings.faults.enabled else []
    for router in (users.router, posts.router, documents.router):
        app.include_router(router, dependencies=injected)
    app.include_router(feed.router)
    app.include_router(health.router)
    if settings.faults.enabled:
        app.include_router(faults.router)
    if settings.docs.enabled:
        add_docs(app)


def _add_middleware(app: FastAPI, settings: Settings, limiter: RateLimiter) -> None:
    # The last one added is the outermost.
    app.add_middleware(HeadMiddleware)
    app.add_middleware(BodyLimitMiddleware, max_bytes=settings.server.max_body_bytes)
    app.add_middleware(RateLimitMiddleware, limiter=limiter)
    app.add_middleware(CompressionMiddleware)
    app.add_middleware(
        AdmissionMiddleware,
        slots=settings.share(settings.server.max_concurrent_requests),
        timeout_seconds=settings.server.admission_timeout_seconds,
    )
    app.add_middleware(GivenUpMiddleware)
    app.add_middleware(OneHostMiddleware)
    app.add_middleware(SecurityHeadersMiddleware)
