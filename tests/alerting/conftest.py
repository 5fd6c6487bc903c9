"""An inbox with an empty store for each test that asks for one."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from alerting.inbox.main import create_app
from alerting.inbox.settings import Settings
from tests.alerting.outages import OUTAGES, Outages
from tests.alerting.servers import TOKEN, InboxProcess, serving
from tests.support.logs import kept_logging
from tests.support.waiting import PATIENCE_SECONDS


@dataclass
class Inbox:
    """A running inbox and a client of it that knows the token."""

    url: str
    settings: Settings
    client: httpx2.Client = field(repr=False)
    _counted: dict[str, float] = field(default_factory=dict, repr=False)

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
        """Read one sample of /metrics; a counter since the test began."""
        return self._samples()[sample] - self._counted.get(sample, 0)

    def forget(self) -> None:
        """Give the next test empty files and the token back, and count from here."""
        self.settings.token_file.write_text(TOKEN)
        if self.settings.extra_token_file is not None:
            self.settings.extra_token_file.unlink(missing_ok=True)
        for path in self.settings.database_path.parent.iterdir():
            path.unlink()
        self.post(b"")  # the token that was good last is kept, so let it be this one
        assert self.client.get("/health/ready").status_code == httpx2.codes.OK
        counted = self._samples()
        self._counted = {name: counted[name] for name in counted if "_total" in name}

    def _samples(self) -> dict[str, float]:
        lines = self.client.get("/metrics").text.splitlines()
        pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}


def settings_in(folder: Path, **changes: Any) -> Settings:  # noqa: ANN401 (any setting's value)
    """Settings whose files are in a folder and whose limits are short."""
    token_file = folder / "token"
    token_file.write_text(TOKEN)
    (folder / "data").mkdir()
    values: dict[str, Any] = {
        "database_path": folder / "data" / "inbox.sqlite3",
        "token_file": token_file,
        "extra_token_file": folder / "extra_token",
        "login": "off",
        "max_body_bytes": 4 * 1024 * 1024,
        "body_timeout_seconds": 60,
    }
    return Settings(**(values | changes))


@contextlib.contextmanager
def an_inbox(settings: Settings) -> Iterator[Inbox]:
    """Serve an inbox over real HTTP."""
    with (
        kept_logging(),
        serving(create_app(settings)) as url,
        httpx2.Client(base_url=url, timeout=PATIENCE_SECONDS) as client,
    ):
        yield Inbox(url, settings, client)


@pytest.fixture(scope="module")
def lasting_inbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    """One inbox for all tests of a module, since starting one costs more than most of them."""
    with an_inbox(settings_in(tmp_path_factory.mktemp("inbox"))) as inbox:
        yield inbox


@pytest.fixture
def inbox(lasting_inbox: Inbox) -> Inbox:
    """The module's inbox, with an empty store."""
    lasting_inbox.forget()
    return lasting_inbox


@pytest.fixture
def fresh_inbox(tmp_path: Path) -> Iterator[Inbox]:
    """An inbox of the test's own."""
    with an_inbox(settings_in(tmp_path)) as inbox:
        yield inbox


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the outages last: they take minutes by themselves while the other tests run."""
    items.sort(key=lambda item: item.path.stem == OUTAGES)


@pytest.fixture(scope="session")
def outages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outages]:
    """The outages, which begin when this is asked for."""
    with Outages(tmp_path_factory.mktemp("outages")) as outages:
        yield outages


@pytest.fixture(scope="session", autouse=True)
def _early_outages(request: pytest.FixtureRequest) -> None:
    """Begin the outages with the first test, if any of theirs is wanted.

    Not in one of several processes: each of them knows all tests, and one has these.
    """
    is_wanted = any(item.path.stem == OUTAGES for item in request.session.items)
    if is_wanted and "PYTEST_XDIST_WORKER" not in os.environ:
        request.getfixturevalue("outages")


@pytest.fixture
def inbox_process(tmp_path: Path) -> Iterator[InboxProcess]:
    """An inbox as its own process, started and stopped after the test if it still runs."""
    inbox = InboxProcess(tmp_path)
    inbox.start()
    yield inbox
    if inbox.process is not None:
        inbox.stop()
