"""An inbox for each test that asks for one."""

import logging
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from alerting.inbox.main import create_app
from alerting.inbox.settings import Settings
from tests.alerting.servers import TOKEN, InboxProcess, serving


@dataclass
class Inbox:
    """A running inbox and a client of it that knows the token."""

    url: str
    settings: Settings
    client: httpx2.Client = field(repr=False)

    def post(self, body: bytes, token: str = TOKEN) -> httpx2.Response:
        """Deliver a body."""
        return self.client.post(
            "/webhooks/alertmanager", content=body, headers={"Authorization": f"Bearer {token}"}
        )

    def alerts(self, **filters: str | int) -> list[dict[str, Any]]:
        """List alerts."""
        answer = self.client.get("/alerts", params=filters)
        assert answer.status_code == httpx2.codes.OK, answer.text
        alerts: list[dict[str, Any]] = answer.json()["alerts"]
        return alerts

    def metric(self, sample: str) -> float:
        """Read one sample of /metrics."""
        for line in self.client.get("/metrics").text.splitlines():
            name, _, value = line.rpartition(" ")
            if name == sample:
                return float(value)
        raise AssertionError(f"no sample {sample}")


@pytest.fixture
def keeps_logging() -> Iterator[None]:
    """Give the process its own logging back: instrumenting an application takes it over."""
    root = logging.getLogger()
    handlers, level, hooks = root.handlers[:], root.level, (sys.excepthook, threading.excepthook)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    logging.raiseExceptions = True
    sys.excepthook, threading.excepthook = hooks


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose files are in the test's folder and whose limits are short."""
    token_file = tmp_path / "token"
    token_file.write_text(TOKEN)
    (tmp_path / "data").mkdir()
    return Settings(
        database_path=tmp_path / "data" / "inbox.sqlite3",
        token_file=token_file,
        extra_token_file=tmp_path / "extra_token",
        max_body_bytes=4 * 1024 * 1024,
        body_timeout_seconds=0.5,
    )


@pytest.fixture
def inbox(settings: Settings, keeps_logging: None) -> Iterator[Inbox]:  # noqa: ARG001
    """An inbox served over real HTTP."""
    with serving(create_app(settings)) as url, httpx2.Client(base_url=url, timeout=20) as client:
        yield Inbox(url, settings, client)


@pytest.fixture
def inbox_process(tmp_path: Path) -> Iterator[InboxProcess]:
    """An inbox as its own process, started and stopped after the test if it still runs."""
    inbox = InboxProcess(tmp_path)
    inbox.start()
    yield inbox
    if inbox.process is not None:
        inbox.stop()
