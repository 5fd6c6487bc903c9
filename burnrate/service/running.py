"""The running stack, as far as a service is concerned: it loads what changed, and is asked."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from burnrate.prometheus_client import PrometheusClient
from burnrate.service.change import Files, changed
from burnrate.service.wanted import Wanted
from burnrate.stack import Session, Stack, StackError

# Parts that read what a service brings: targets and rules, and the labels of alerts about lines.
_READERS = ("prometheus", "loki")
_ANSWER_SECONDS = 10.0


@dataclass(frozen=True)
class Running:
    """A stack that runs.

    Attributes:
        parts: Those of its parts that are healthy.
        prometheus_url: Where Prometheus answers this machine, with its login; None if it does not.
    """

    session: Session
    stack: Stack
    parts: frozenset[str]
    prometheus_url: str | None

    @classmethod
    def find(cls, session: Session) -> "Running | None":
        """Return the stack of a session's checkout, if it runs."""
        stack = session.running_stack()
        if stack is None:
            return None
        rows = [row for row in stack.status() if row.health == "healthy"]
        url = next((row.url for row in rows if row.part == "prometheus" and row.is_reachable), None)
        return cls(session, stack, frozenset(row.part for row in rows), url)

    def instances(self, wanted: Wanted) -> list[str]:
        """Return a service's targets as this stack's Prometheus has them."""
        if self.stack.mode == "containers":
            return list(wanted.targets)
        return [self.session.addresses.translate(each, "") for each in wanted.targets]

    def prometheus(self) -> PrometheusClient | None:
        """Return a client of Prometheus, if it answers this machine."""
        url = self.prometheus_url
        return None if url is None else PrometheusClient(url, _ANSWER_SECONDS)

    def load(self) -> None:
        """Have the parts read their files; StackError if one refuses."""
        for part in _READERS:
            if part in self.parts:
                self.stack.reload(part)


@contextmanager
def changed_and_loaded(checkout: Path, files: Files, running: Running | None) -> Iterator[None]:
    """Change a checkout's files and have them loaded; what fails in the block undoes both.

    Args:
        checkout: What is changed.
        files: The change.
        running: The stack that reads them, if it runs.
    """
    try:
        with changed(checkout, files):
            if running is not None:
                running.load()
            yield
    except BaseException:
        if running is not None:
            with suppress(StackError):
                running.load()
        raise
