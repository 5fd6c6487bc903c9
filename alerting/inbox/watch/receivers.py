"""What Alertmanager says of its notifications, receiver by receiver."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from alerting.inbox.errors import UpstreamUnavailableError
from alerting.inbox.watch.alertmanager_api import AlertmanagerClient


@dataclass(frozen=True, slots=True)
class Receiver:
    """One way out of Alertmanager; before its version 0.28, all receivers of one kind.

    Attributes:
        tried: How many notifications since Alertmanager started.
        failed: How many of them it gave up.
        sent_at: When one was last seen to go out; None if none was since the inbox started.
        failed_at: The same for one that was given up.
    """

    name: str
    tried: int
    failed: int
    sent_at: datetime | None = None
    failed_at: datetime | None = None


class ReceiverWatch:
    """Asks each time it is called, and remembers what has changed since."""

    def __init__(
        self,
        alertmanager: AlertmanagerClient,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take whom to ask, and the time."""
        self._alertmanager = alertmanager
        self._clock = clock
        self._known: dict[str, Receiver] = {}

    def latest(self) -> tuple[Receiver, ...]:
        """Return the receivers that anything was sent to."""
        return tuple(each for _, each in sorted(self._known.items()) if each.tried)

    async def __call__(self) -> None:
        """Ask once; what is known stays where Alertmanager does not answer."""
        try:
            counts = await self._alertmanager.count_notifications()
        except UpstreamUnavailableError:
            return
        is_first = not self._known
        self._known = {
            name: self._moved(name, round(tried), round(failed), is_first=is_first)
            for name, (tried, failed) in counts.items()
        }

    def _moved(self, name: str, tried: int, failed: int, *, is_first: bool) -> Receiver:
        before = self._known.get(name, Receiver(name, 0, 0))
        if is_first:
            before = Receiver(name, tried, failed)
        went = tried - failed > before.tried - before.failed
        return Receiver(
            name=name,
            tried=tried,
            failed=failed,
            sent_at=self._clock() if went else before.sent_at,
            failed_at=self._clock() if failed > before.failed else before.failed_at,
        )
