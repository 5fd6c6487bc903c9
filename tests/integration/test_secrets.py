"""A secret that clients or settings hold turns up nowhere else."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from tests.alerting.servers import InboxProcess
from tests.servers.api import ApiServer, running_api
from tests.servers.collector import Collector, running_collector
from tests.servers.front import running_front
from tests.servers.postgres import PostgresServer, running_postgres
from tests.servers.processes import HOST
from tests.servers.redis import running_redis
from tests.support.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.integration

CANARY = "cAnArY-7f3a9c"
HEADERS = {
    "Authorization": f"Bearer {CANARY}",
    "Proxy-Authorization": f"Basic {CANARY}",
    "Cookie": f"session={CANARY}",
    "X-Api-Key": CANARY,
    "Referer": f"https://example.org/?token={CANARY}",
    # Sampled, whatever the sampler says.
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "baggage": f"token={CANARY}",
}
QUERY = {"token": CANARY, "password": CANARY}
EXPORTED = {
    "OTEL_TRACES_SAMPLER": "always_on",
    "OTEL_BSP_SCHEDULE_DELAY": "100",
}


class Seen:
    """All that a run has left where people or programs read."""

    def __init__(self) -> None:
        self.texts: dict[str, bytes] = {}

    def add(self, name: str, text: bytes | str) -> None:
        """Take note of a text."""
        self.texts[name] = text.encode() if isinstance(text, str) else text

    def places_of(self, secret: str) -> list[str]:
        """Return where a secret stands, as it is or as a URL writes it."""
        return [name for name, text in self.texts.items() if secret.encode() in text]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def collector(stack: ExitStack) -> Collector:
    """Take what the processes export."""
    return stack.enter_context(running_collector())


@pytest.fixture
def postgres(stack: ExitStack) -> PostgresServer:
    """Run a server; it trusts everyone, and so sees no password."""
    server = stack.enter_context(running_postgres())
    asyncio.run(server.create_database("burnrate"))
    return server


@pytest.fixture
def api(stack: ExitStack, postgres: PostgresServer, collector: Collector) -> ApiServer:
    """Run the service with secrets in its settings, and faults to fail with."""
    redis = stack.enter_context(running_redis())
    settings = {
        "DATABASE_HOST": postgres.host,
        "DATABASE_PORT": str(postgres.port),
        "DATABASE_PASSWORD": CANARY,
        "REDIS_HOST": redis.host,
        "REDIS_PORT": str(redis.port),
        "WEB_CONCURRENCY": "1",
        "FAULTS_ENABLED": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "PROCESS_ALLOWED_HOSTS": f"{HOST}:{postgres.port}",
        **EXPORTED,
    }
    return stack.enter_context(running_api(**settings))


def ask_everything(base_url: str, postgres: PostgresServer, seen: Seen) -> set[int]:
    """Ask for what works, what is refused and what breaks; keep the answers."""
    statuses = set()
    document = {"url": f"http://user:{CANARY}@{HOST}:{postgres.port}/?token={CANARY}"}
    with httpx2.Client(base_url=base_url, headers=HEADERS, timeout=PATIENCE_SECONDS) as client:
        for method, path, body in (
            ("GET", "/users", None),
            ("GET", "/users/1", None),  # never from the cache: 503 without the database
            ("GET", "/users/x", None),
            ("GET", f"/posts?cursor={CANARY}", None),
            ("POST", "/users", {"name": [CANARY], "email": CANARY, CANARY: 1}),
            ("POST", "/process", document),
            ("GET", "/nowhere", None),
            ("GET", "/faults/error", None),
            ("GET", "/faults/error?status=503", None),
            ("PUT", "/users", None),
        ):
            answer = client.request(method, path, params=QUERY, json=body)
            statuses.add(answer.status_code)
            seen.add(f"{method} {path}", f"{answer.headers}{answer.text}")
    return statuses


def test_service_keeps_a_secret(
    api: ApiServer, postgres: PostgresServer, collector: Collector, tmp_path: Path
) -> None:
    """From headers, queries, bodies and its own settings: in no log, trace, metric or error."""
    seen = Seen()
    with running_front(tmp_path, api.port) as front:
        statuses = ask_everything(front.url, postgres, seen)
        postgres.stop()
        statuses |= ask_everything(front.url, postgres, seen)
        with api.client() as client:
            for accept in ("text/plain", "application/openmetrics-text"):
                seen.add(accept, client.get("/metrics", headers={"Accept": accept}).text)
        api.stop()
        statuses |= ask_everything(front.url, postgres, seen)
        too_large = httpx2.post(front.url, params=QUERY, content=bytes(3_000_000))
        seen.add("nginx", front.log.read_bytes())
    assert {200, 404, 405, 422, 500, 502, 503, 413} <= {*statuses, too_large.status_code}
    seen.add("api", api.log.read_bytes())
    seen.add("postgres", postgres.log.read_bytes())
    seen.add("traces", b"".join(collector.bodies))
    assert len(collector.spans()) > 20
    assert seen.places_of(CANARY) == []


def test_inbox_keeps_a_secret(collector: Collector, tmp_path: Path) -> None:
    """Of its clients, and of the address that it tells when the watchdog is late."""
    seen = Seen()
    settings = {
        "INBOX_FALLBACK_WEBHOOK_URL": f"http://user:{CANARY}@{HOST}:9/hook/{CANARY}?key={CANARY}",
        "INBOX_HEARTBEAT_URL": f"http://user:{CANARY}@{HOST}:9/ping/{CANARY}",
        "INBOX_WATCHDOG_LATE_SECONDS": "0.2",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        **EXPORTED,
    }
    inbox = InboxProcess(tmp_path, settings=settings)
    inbox.start()
    log = tmp_path / "inbox.log"
    try:
        wait_until(lambda: b"watchdog" in log.read_bytes(), "the watchdog is late")
        with httpx2.Client(base_url=inbox.url, headers=HEADERS) as client:
            for method, path in (
                ("POST", "/webhooks/alertmanager"),
                ("GET", "/alerts"),
                ("GET", "/alerts/x"),
                ("GET", "/nowhere"),
                ("GET", "/"),
                ("GET", "/metrics"),
            ):
                answer = client.request(method, path, params=QUERY, content=CANARY)
                seen.add(f"{method} {path}", f"{answer.headers}{answer.text}")
    finally:
        inbox.stop()
    seen.add("log", log.read_bytes())
    seen.add("traces", b"".join(collector.bodies))
    for file in tmp_path.glob("inbox.sqlite3*"):
        seen.add(file.name, file.read_bytes())
    assert collector.spans()
    assert seen.places_of(CANARY) == []
