"""Which pages have arrived in the inbox since a fault."""

from collections.abc import Mapping
from dataclasses import dataclass

from burnrate.drill.clients import Episode, InboxApi, PrometheusApi


@dataclass
class PageObserver:
    """Tells pages that arrive from those that were on their way before the fault.

    A rule that was pending already, of the drill before for one, may fire in the middle of this.
    """

    prometheus: PrometheusApi
    inbox: InboxApi
    _known: frozenset[int] = frozenset()
    _active: tuple[Mapping[str, str], ...] = ()

    def begin(self) -> None:
        """Take note of how everything is before the fault; raises NoAnswer."""
        self._known = frozenset(episode.id for episode in self.inbox.episodes())
        self._active = tuple(alert.labels for alert in self.prometheus.alerts())

    def is_known(self, episode: int) -> bool:
        """Whether the episode of this id was in the inbox before the fault."""
        return episode in self._known

    def new(self) -> list[Episode]:
        """Return the pages that came since `begin` and were not on their way; raises NoAnswer."""
        return [
            page
            for page in self.inbox.episodes({"severity": "page"})
            if page.id not in self._known
            and not any(before.items() <= page.labels.items() for before in self._active)
        ]
