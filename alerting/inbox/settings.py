"""The inbox's settings: `INBOX_` variables, read once."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

_PREFIX = "INBOX_"
_URLS: TypeAdapter[AnyHttpUrl] = TypeAdapter(AnyHttpUrl)


def _address(url: str) -> str:
    """An address to put paths behind."""
    parsed = _URLS.validate_python(url)
    if parsed.query or parsed.fragment:
        raise ValueError("an address without query and fragment is needed")
    return url.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]
Seconds = Annotated[PositiveFloat, Field(allow_inf_nan=False)]
SecondsOrOff = Annotated[NonNegativeFloat, Field(allow_inf_nan=False)]


class Settings(BaseSettings):
    """The inbox's settings; none changes while it runs."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_ignore_empty=True, frozen=True, extra="ignore"
    )

    database_path: Path
    # The file Alertmanager reads as `credentials_file`; both read it at each request.
    token_file: Path
    # A second valid token while tokens are rotated; the file need not exist.
    extra_token_file: Path | None = None
    # `off` asks nobody for the door's login: whoever reaches the port may do anything. `people`
    # asks, and gives it to no other part: where Prometheus and Alertmanager are not the stack's.
    login: Literal["on", "people", "off"] = "on"
    # The password of the login `burnrate`: the door proves itself by it, and Alertmanager and
    # Prometheus ask for it.
    machine_password_file: Annotated[Path | None, Field(validate_default=True)] = None
    # 1,000 alerts with 1 KB annotations are about 1.5 MB.
    max_body_bytes: PositiveInt = 8 * 1024 * 1024
    # Alertmanager sends from memory, so a body that takes this long is no body of its.
    body_timeout_seconds: Seconds = 10.0
    # A disk that hangs must cost a 503, which Alertmanager retries, and not a silent wait.
    store_timeout_seconds: Seconds = 10.0
    # Closed alerts and deliveries older than this are deleted; 0 keeps everything. 90 days are
    # three periods of a 30-day budget.
    retention_days: NonNegativeInt = Field(default=90, le=36_500)

    # Without it nothing is reconciled, and an alert whose resolve was lost stays open.
    alertmanager_url: Address | None = None
    # As often as rules are evaluated: what fires and what is held back changes no more often.
    reconcile_seconds: Seconds = 15.0
    # Prometheus tells Alertmanager of each alert once a minute, of a burn ticket each two: after a
    # restart of Alertmanager everything is back on its list within that.
    stale_after_seconds: Seconds = 180.0
    # Longer than the 10 minutes for which a restarted Prometheus may hold an alert back as pending
    # (its --rules.alert.for-grace-period), and than two group_intervals of a ticket.
    close_after_seconds: Seconds = 900.0

    # What Alertmanager lists as active and has not delivered for so long is taken over from its
    # list: longer than the longest group_interval, 5 minutes of a ticket, and a poll.
    found_after_seconds: Seconds = 330.0

    # A Prometheus that has run for less may not know all that fires, so what it lacks is not taken
    # to have ended: its --rules.alert.for-grace-period.
    settled_after_seconds: Seconds = 600.0

    # The watchdog comes once a minute: this is two missed and a half. 0 turns the switch off.
    watchdog_late_seconds: SecondsOrOff = 150.0
    # Notified when the watchdog is late, and when it is back. The address is often a secret itself.
    fallback_webhook_url: SecretStr | None = None
    fallback_webhook_url_file: Path | None = None

    # `nobody` says that no receiver but this one is wanted.
    notify: str = ""
    # Told once a minute that all is well, or what is not. Whoever knows the address can say so.
    heartbeat_url: SecretStr | None = None
    heartbeat_url_file: Path | None = None
    heartbeat_seconds: Seconds = 60.0

    # What the page shows of the SLOs is read here.
    prometheus_url: Address | None = None
    # For one that is not the stack's own: a password with a user, a bearer token without, read at
    # each request; and the tenant, which Mimir wants as X-Scope-OrgID.
    prometheus_user: str | None = Field(default=None, pattern=r"^[^:]+$")
    prometheus_secret_file: Annotated[Path | None, Field(validate_default=True)] = None
    prometheus_tenant: str | None = Field(default=None, pattern=r"^[!-~]+$")
    # As this process reaches it, to ask whether it answers. Without it, it is believed to.
    grafana_internal_url: Address | None = None
    # As a browser reaches it: the queries of runbooks lead there. Without it they are only shown.
    prometheus_public_url: Address | None = None
    # Where the log lines of all parts are, for people, if there is no Loki to ask.
    logs_folder: str | None = None
    # The labels that together name a service, comma-separated, as burnrate.yml has them.
    identity_labels: str = Field(
        default="service", pattern=r"^[A-Za-z_][A-Za-z0-9_]*(,[A-Za-z_][A-Za-z0-9_]*)*$"
    )
    # As a browser reaches it: links to logs and traces lead there.
    grafana_url: Address | None = None
    # The uid of its data source of log lines, which links to Explore name.
    logs_source_uid: str = Field(default="loki", min_length=1)
    # False where Grafana is not installed: a dead link costs time at night.
    has_grafana: bool = True
    # Names, or addresses that have them, comma-separated, under which the inbox is reached;
    # loopback, numbers and names without a dot always lead here.
    allowed_hosts: str = ""
    runbooks_path: Path = Path(__file__).parents[1] / "runbooks"

    @property
    def identity(self) -> tuple[str, ...]:
        """The labels that together name a service."""
        return tuple(self.identity_labels.split(","))

    @field_validator("machine_password_file")
    @classmethod
    def _has_password(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is None and info.data.get("login") in {"on", "people"}:
            raise ValueError("needed for the door's login; INBOX_LOGIN=off does without")
        return path

    @field_validator("prometheus_secret_file")
    @classmethod
    def _has_secret(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is None and info.data.get("prometheus_user") is not None:
            raise ValueError("needed for the password of INBOX_PROMETHEUS_USER")
        return path

    @field_validator("database_path")
    @classmethod
    def _stands_in_a_folder(cls, path: Path) -> Path:
        if not path.parent.is_dir():
            raise ValueError(f"{path.parent} is not a folder")
        if path.is_dir():
            raise ValueError(f"{path} is a folder")
        return path

    @field_validator("fallback_webhook_url", "heartbeat_url")
    @classmethod
    def _is_address(cls, url: SecretStr | None) -> SecretStr | None:
        # Empty, as the compose file passes it on where nobody has set it: nobody is notified.
        if url is None or not url.get_secret_value():
            return None
        _check_secret_address(url.get_secret_value())
        return url

    def fallback_address(self) -> str | None:
        """Return the fallback webhook's address, from its variable or its file.

        Raises:
            SystemExit: the file does not hold one.
        """
        variable = "FALLBACK_WEBHOOK_URL_FILE"
        return _secret_address(variable, self.fallback_webhook_url, self.fallback_webhook_url_file)

    def heartbeat_address(self) -> str | None:
        """Return where signs of life go, from its variable or its file.

        Raises:
            SystemExit: the file does not hold an address.
        """
        return _secret_address("HEARTBEAT_URL_FILE", self.heartbeat_url, self.heartbeat_url_file)


def _secret_address(variable: str, url: SecretStr | None, file: Path | None) -> str | None:
    if url is not None:
        return url.get_secret_value()
    if file is None:
        return None
    try:
        text = file.read_text().strip()
        _check_secret_address(text)
    except OSError as error:
        raise SystemExit(f"inbox: {_PREFIX}{variable}: {error.strerror}") from None
    except ValueError as error:
        raise SystemExit(f"inbox: {_PREFIX}{variable}: {error}") from None
    return text


def _check_secret_address(url: str) -> None:
    """Pydantic's own message would tell what is in it."""
    try:
        _URLS.validate_python(url)
    except ValidationError:
        raise ValueError("one http or https address is needed") from None


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        SystemExit: with one line that names the first wrong variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        variable = _PREFIX + str(first["loc"][0]).upper()
        reason = first["msg"].removeprefix("Value error, ")
        raise SystemExit(f"inbox: {variable}: {reason}") from None
