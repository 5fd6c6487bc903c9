"""Gets a document, has it analysed, and cleans up after the answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from api.backends.time_slices import OutOfTime
from api.documents.analyst import Analyst, AnalystGone
from api.documents.charsets import DEFAULT_CHARSET
from api.documents.fetcher import Fetched, Fetcher
from api.documents.job import Job
from api.documents.schemas import Analysis, Document, Keyword
from api.documents.workspace import Workspace
from api.errors import DependencyUnavailable
from api.settings import ProcessSettings
from burnrate.telemetry.pools import MeasuredExecutor, PoolFull, PoolTimeout

CleanUp = Callable[[Path], Awaitable[None]]

# Documents by address that are fetched or wait for their analysis. No more are fetched than can be
# analysed soon: they would only lie on a disk that is the memory of a container.
_MOST_IN_PROGRESS: Final = 20
# Analysed within a few milliseconds, so in this process and ahead of what is long.
_SHORT_BYTES: Final = 16_384
_TOO_BUSY: Final = (PoolFull, PoolTimeout, OutOfTime, AnalystGone, TimeoutError)


class Defer(Protocol):
    """Runs something once the answer is sent."""

    def __call__(self, function: CleanUp, path: Path, /) -> None: ...


@dataclass(frozen=True)
class Workplace:
    """Where documents are worked on.

    Attributes:
        executor: Where the CPU-bound part runs, or waits for the analyst.
        analyst: Who has the long ones.
        workspace: Where documents lie meanwhile.
        clean_up: Removes one of them, as a background task.
    """

    executor: MeasuredExecutor
    analyst: Analyst
    workspace: Workspace
    clean_up: CleanUp


class DocumentService:
    """What `POST /process` does.

    Args:
        fetcher: Gets documents by address.
        place: Where they are worked on.
        settings: How much of it, and how long.
    """

    def __init__(self, fetcher: Fetcher, place: Workplace, settings: ProcessSettings) -> None:
        self._fetcher = fetcher
        self._place = place
        self._settings = settings
        self._turns = asyncio.Semaphore(_MOST_IN_PROGRESS)
        self._waiting = 0

    async def process(self, document: Document, defer: Defer) -> Analysis:
        """Return a document's analysis.

        Raises:
            InvalidInput: the address cannot be fetched.
            DependencyUnavailable: there is too much to do.
        """
        file = self._place.workspace.new_file()
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                analysis = await self._process(document, file)
        except BaseException as error:
            # Background tasks do not run after an error or when the client has left.
            await self._place.clean_up(file)
            if isinstance(error, _TOO_BUSY):
                raise DependencyUnavailable("executor", retry_after_seconds=2) from error
            raise
        defer(self._place.clean_up, file)
        return analysis

    async def _process(self, document: Document, file: Path) -> Analysis:
        async with self._turn(document):
            with file.open("xb") as into:
                if document.url is None:
                    into.write((document.text or "").encode())
                    fetched = Fetched(is_html=False, charset=DEFAULT_CHARSET)
                else:
                    fetched = await self._fetcher.fetch(str(document.url), into)
                is_short = into.tell() <= _SHORT_BYTES
            return await self._analyse(file, fetched, is_short=is_short)

    @asynccontextmanager
    async def _turn(self, document: Document) -> AsyncIterator[None]:
        if document.url is None:  # it is here already
            yield
            return
        if self._turns.locked() and self._waiting >= self._settings.executor_pending:
            raise DependencyUnavailable("executor", retry_after_seconds=2)
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turns.release()

    async def _analyse(self, file: Path, fetched: Fetched, *, is_short: bool) -> Analysis:
        seconds = self._settings.compute_timeout_seconds
        job = Job(str(file), fetched.charset, fetched.is_html, seconds)
        if is_short:
            found = await self._place.executor.run(job.analyse)
        else:
            found = await self._place.executor.run_long(self._place.analyst.analyse, job)
        keywords = [Keyword(word=word, count=count) for word, count in found.keywords]
        return Analysis(**{**vars(found), "keywords": keywords})
