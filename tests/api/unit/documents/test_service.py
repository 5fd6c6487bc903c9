"""How many documents are in progress, and what the rest hears."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from api.documents.analyst import Analyst
from api.documents.fetcher import Fetched, Fetcher
from api.documents.schemas import Analysis, Document
from api.documents.service import _MOST_IN_PROGRESS, DocumentService, Workplace
from api.documents.workspace import Workspace
from api.errors import DependencyUnavailable
from api.settings import ProcessSettings
from burnrate.telemetry import Telemetry, instrument
from tests.support.waiting import wait_until_async

ADDRESS = Document.model_validate({"url": "http://a.example/"})
TEXT = Document(text="Budgets burn.")


class SlowFetcher:
    """Fetches until it is told to end."""

    def __init__(self) -> None:
        self.at_work = 0
        self.may_end = asyncio.Event()

    async def fetch(self, _url: str, into: BinaryIO) -> Fetched:
        """Write a document once it may."""
        self.at_work += 1
        await self.may_end.wait()
        self.at_work -= 1
        into.write(b"Budgets burn.")
        return Fetched(is_html=False, charset="utf-8")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """Return a running one."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    workspace = Workspace()
    with workspace.running():
        yield workspace


@pytest.fixture
def telemetry() -> Telemetry:
    """Instrument an application of its own."""
    return instrument(FastAPI(), service="test", registry=CollectorRegistry())


class Scene:
    """A service whose documents' server is slow."""

    def __init__(self, telemetry: Telemetry, workspace: Workspace, **settings: float) -> None:
        self.fetcher = SlowFetcher()
        self.executor = telemetry.executor(
            max_workers=1, max_pending=100, timeout_seconds=60, name="test"
        )

        async def clean_up(path: Path) -> None:
            workspace.discard(path)

        place = Workplace(self.executor, Analyst(), workspace, clean_up)
        limits = ProcessSettings.model_validate({"executor_pending": 1, **settings})
        self.service = DocumentService(cast("Fetcher", self.fetcher), place, limits)

    async def process(self, document: Document = ADDRESS) -> Analysis:
        """Have a document analysed."""
        return await self.service.process(document, lambda *_: None)


def test_as_many_are_fetched_as_can_be_analysed_soon(
    telemetry: Telemetry, workspace: Workspace
) -> None:
    """One more waits, the next one is turned away; a text that was sent passes them all."""

    async def run() -> None:
        scene = Scene(telemetry, workspace, timeout_seconds=600)
        begun = [asyncio.create_task(scene.process()) for _ in range(_MOST_IN_PROGRESS + 1)]
        await wait_until_async(lambda: scene.fetcher.at_work == _MOST_IN_PROGRESS)
        with pytest.raises(DependencyUnavailable):
            await scene.process()
        assert (await scene.process(TEXT)).words == 2
        scene.fetcher.may_end.set()
        assert [each.words for each in await asyncio.gather(*begun)] == [2] * len(begun)
        assert (await scene.process()).words == 2
        scene.executor.shutdown()

    asyncio.run(run())


def test_document_has_its_time_and_no_more(telemetry: Telemetry, workspace: Workspace) -> None:
    """Whatever it waits for: the worker that has it may have to leave."""

    async def run() -> None:
        scene = Scene(telemetry, workspace, timeout_seconds=0.05)
        with pytest.raises(DependencyUnavailable):
            await scene.process()
        scene.executor.shutdown()

    asyncio.run(run())
