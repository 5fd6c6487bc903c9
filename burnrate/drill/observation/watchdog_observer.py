"""Whether the inbox misses its watchdog."""

import contextlib
import time
from dataclasses import dataclass

from burnrate.drill.clients import InboxApi
from burnrate.drill.observation.timeline import Observation
from burnrate.http_client import NoAnswer


@dataclass
class WatchdogObserver:
    """Follows the inbox' dead man's switch."""

    inbox: InboxApi

    def begin(self) -> None:
        """There is nothing to take note of: it is not late, or the drill was refused."""

    def observe(self) -> Observation:
        """Look once: late counts as stored, and no longer late as resolved."""
        at = time.time()
        is_late = None
        with contextlib.suppress(NoAnswer):
            is_late = self.inbox.is_watchdog_late()
        return Observation(
            at=at,
            stored_at=at if is_late else None,
            resolved_at=at if is_late is False else None,
        )
