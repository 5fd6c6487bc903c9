"""Gets a document, has it analysed in the executor, and cleans up after the answer."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from api.backends.time_slices import OutOfTime, TimeSlices
from api.documents.analysis import analyse, analyse_html
from api.documents.charsets import DEFAULT_CHARSET, read_text
from api.documents.fetcher import Fetched, Fetcher
from api.documents.schemas import MAX_CHARACTERS, Analysis, Document
from api.documents.workspace import Workspace
from api.errors import DependencyUnavailable
from burnrate.telemetry.pools import MeasuredExecutor, PoolFull, PoolTimeout

CleanUp = Callable[[Path], Awaitable[None]]


class Defer(Protocol):
    """Runs something once the answer is sent."""

    def __call__(self, function: CleanUp, path: Path, /) -> None: ...


class DocumentService:
    """What `POST /process` does.

    Args:
        fetcher: Gets documents by address.
        executor: Where the CPU-bound part runs.
        workspace: Where documents lie meanwhile.
        clean_up: Removes one of them, as a background task.
        compute_seconds: How long an analysis may take once it has a thread.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        executor: MeasuredExecutor,
        workspace: Workspace,
        clean_up: CleanUp,
        *,
        compute_seconds: float,
    ) -> None:
        self._fetcher = fetcher
        self._executor = executor
        self._workspace = workspace
        self._clean_up = clean_up
        self._compute_seconds = compute_seconds

    async def process(self, document: Document, defer: Defer) -> Analysis:
        """Return a document's analysis.

        Raises:
            InvalidInput: the address cannot be fetched.
            DependencyUnavailable: the executor has too much to do.
        """
        file = self._workspace.new_file()
        try:
            fetched = await self._keep(document, file)
            analysis = await self._executor.run(_analyse_file, file, fetched, self._compute_seconds)
        except BaseException as error:
            # Background tasks do not run after an error or when the client has left.
            await self._clean_up(file)
            if isinstance(error, (PoolFull, PoolTimeout, OutOfTime)):
                raise DependencyUnavailable("executor", retry_after_seconds=2) from error
            raise
        defer(self._clean_up, file)
        return analysis

    async def _keep(self, document: Document, file: Path) -> Fetched:
        with file.open("xb") as into:
            if document.url is not None:
                return await self._fetcher.fetch(str(document.url), into)
            into.write((document.text or "").encode())
        return Fetched(is_html=False, charset=DEFAULT_CHARSET)


def _analyse_file(file: Path, fetched: Fetched, seconds: float) -> Analysis:
    slices = TimeSlices(seconds)
    with file.open("rb") as opened:
        text = read_text(opened, fetched.charset, MAX_CHARACTERS, slices)
    return analyse_html(text, slices) if fetched.is_html else analyse(text, slices)
