"""All settings of the service, read from the environment once, checked, and passed in."""

import sys
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from api.errors import InvalidSettings

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=3600)]

# The rate limit's ceiling only guards against a typing error: a higher limit limits nothing.
PerMinute = Annotated[int, Field(ge=1, le=10_000_000)]


class _Group(BaseSettings):
    # An empty variable is what compose writes for one that is not set.
    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)


class _GroupWithPassword(_Group):
    password: SecretStr | None = None
    password_file: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_password_file(cls, values: dict[str, Any]) -> dict[str, Any]:
        path = values.get("password_file")
        if not path or values.get("password"):
            return values
        variable = f"{cls.model_config['env_prefix']}PASSWORD_FILE"
        try:
            password = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise ValueError(f"{variable}: {path} cannot be read: {reason}") from error
        if not password:
            raise ValueError(f"{variable}: {path} is empty")
        return {**values, "password": password}


class ServerSettings(_Group):
    """How the processes serve; gunicorn.conf.py reads these."""

    web_concurrency: int = Field(4, ge=1, le=64)
    api_bind: str = "127.0.0.1:8000"
    forwarded_allow_ips: str = "127.0.0.1"
    max_requests: int = Field(10_000, ge=0)
    max_requests_jitter: int = Field(1_000, ge=0)
    graceful_timeout_seconds: int = Field(25, ge=1, le=600)
    # What the largest route takes: a document of 200,000 characters of 4 bytes, JSON-escaped.
    max_body_bytes: int = Field(2 * 1024 * 1024, ge=1024)
    # Of all workers; more wait their turn, so long at most.
    max_concurrent_requests: int = Field(128, ge=1)
    admission_timeout_seconds: Seconds = 5


class DatabaseSettings(_GroupWithPassword):
    """The PostgreSQL server and this instance's pool; pool sizes are totals of all workers."""

    model_config = SettingsConfigDict(env_prefix="DATABASE_")

    host: str = "127.0.0.1"
    port: Port = 5432
    name: str = "burnrate"
    user: str = "burnrate"
    pool_min: int = Field(10, ge=1)
    pool_max: int = Field(50, ge=1)
    max_queries: int = Field(50_000, ge=1)
    idle_lifetime_seconds: Seconds = 300
    acquire_timeout_seconds: Seconds = 1
    # The server gives up first, so that its own clear error is the usual one; together with the
    # acquire time-out and asyncpg's cancel (again up to the acquire time-out) an answer takes
    # about 5 s even from a server that has stopped dead.
    statement_timeout_seconds: Seconds = 2.5
    command_timeout_seconds: Seconds = 3
    # How long a start waits for the first connection before it serves without one.
    startup_wait_seconds: float = Field(3, ge=0, le=20)

    @model_validator(mode="after")
    def _check_pool(self) -> Self:
        if self.pool_min > self.pool_max:
            raise ValueError("DATABASE_POOL_MIN: must not be above DATABASE_POOL_MAX")
        return self


class RedisSettings(_GroupWithPassword):
    """The Redis server and how long a request may wait for it."""

    model_config = SettingsConfigDict(env_prefix="REDIS_")

    host: str = "127.0.0.1"
    port: Port = 6379
    database: int = Field(0, ge=0)
    # Total of all workers, as for the database.
    pool_max: int = Field(64, ge=1)
    # What one call may cost where the event loop is not late; a black hole then costs one request
    # this much, and the next ones nothing until `retry_interval_seconds` have passed.
    timeout_seconds: Seconds = 0.15
    # How long one call waits for a connection of the pool, within the time-out above.
    pool_timeout_seconds: Seconds = 0.05
    retry_interval_seconds: Seconds = 1


class CacheSettings(_Group):
    """The response cache; with 0 seconds there is none."""

    model_config = SettingsConfigDict(env_prefix="CACHE_")

    ttl_seconds: int = Field(60, ge=0, le=86_400)


class RateLimitSettings(_Group):
    """Requests a minute one client address may make; `process` is for POST /process alone."""

    model_config = SettingsConfigDict(env_prefix="RATE_LIMIT_")

    per_minute: PerMinute = 60_000
    process_per_minute: PerMinute = 10


class ProcessSettings(_Group):
    """What POST /process may fetch, and how much work it accepts."""

    model_config = SettingsConfigDict(env_prefix="PROCESS_")

    fetch_timeout_seconds: Seconds = 10
    max_document_bytes: int = Field(1024 * 1024, ge=1024)
    # Hosts, as `name` or `name:port`, that may be fetched although their address is private.
    allowed_hosts: Annotated[frozenset[str], NoDecode] = frozenset()
    executor_threads: int = Field(10, ge=1, le=100)
    executor_pending: int = Field(100, ge=1)
    executor_timeout_seconds: Seconds = 30
    # From a thread's start. The largest document takes a tenth of a second of CPU, so this is for
    # a machine with no time left.
    compute_timeout_seconds: Seconds = 10
    # Of all that, waits included: a worker that leaves has 22 s for what it is at
    # (GRACEFUL_TIMEOUT_SECONDS), and an answer after 30 s counts as a failure.
    timeout_seconds: Seconds = 20

    @model_validator(mode="before")
    @classmethod
    def _split_hosts(cls, values: dict[str, object]) -> dict[str, object]:
        hosts = values.get("allowed_hosts")
        if isinstance(hosts, str):
            names = frozenset(h.strip().lower() for h in hosts.split(",") if h.strip())
            return {**values, "allowed_hosts": names}
        return values


class FeedSettings(_Group):
    """The WebSocket feed, for each worker."""

    model_config = SettingsConfigDict(env_prefix="FEED_")

    max_clients: int = Field(1_000, ge=1)
    # A client this many messages behind is cut off.
    queue_length: int = Field(100, ge=1)


class DocsSettings(_Group):
    """The documentation pages."""

    model_config = SettingsConfigDict(env_prefix="DOCS_")

    enabled: bool = True


class FaultSettings(_Group):
    """The fault routes, for fire drills only."""

    model_config = SettingsConfigDict(env_prefix="FAULTS_")

    enabled: bool = False


class Settings(BaseModel):
    """All groups; a group that is not given is read from the environment."""

    model_config = ConfigDict(frozen=True)

    server: ServerSettings = Field(default_factory=ServerSettings)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    redis: RedisSettings = Field(default_factory=RedisSettings)
    cache: CacheSettings = Field(default_factory=CacheSettings)
    rate_limit: RateLimitSettings = Field(default_factory=RateLimitSettings)
    process: ProcessSettings = Field(default_factory=ProcessSettings)
    feed: FeedSettings = Field(default_factory=FeedSettings)
    docs: DocsSettings = Field(default_factory=DocsSettings)
    faults: FaultSettings = Field(default_factory=FaultSettings)

    def share(self, total: int) -> int:
        """Return one worker's part of an instance's total, at least 1."""
        return max(1, total // self.server.web_concurrency)


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        InvalidSettings: a value is missing or wrong; the message names each variable.
    """
    groups: dict[str, BaseSettings] = {}
    problems: list[str] = []
    for name, field in Settings.model_fields.items():
        group: type[BaseSettings] = field.default_factory  # type: ignore[assignment]
        try:
            groups[name] = group()
        except ValidationError as error:
            problems += _describe(group, error)
    if problems:
        raise InvalidSettings("; ".join(problems))
    return Settings(**groups)


def load_settings_or_exit() -> Settings:
    """Read the environment, or end the process with one line on stderr and exit code 1."""
    try:
        return load_settings()
    except InvalidSettings as error:
        sys.exit(f"api: wrong setting: {error}")


def _describe(group: type[BaseSettings], error: ValidationError) -> list[str]:
    prefix = group.model_config.get("env_prefix", "")
    lines = []
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        message = problem["msg"].removeprefix("Value error, ")
        # A whole group's check has no location and names the variable itself.
        names = [f"{prefix}{problem['loc'][0]}".upper()] if problem["loc"] else []
        lines.append(": ".join([*names, message]))
    return lines
