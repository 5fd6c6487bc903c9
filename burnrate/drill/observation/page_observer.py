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
    _firing: frozenset[int] = frozenset()
    _active: tuple[Mapping[str, str], ...] = ()

    def begin(self) -> None:
        """Take note of how everything is before the fault; raises NoAnswer."""
        episodes = self.inbox.episodes()
        self._known = frozenset(episode.id for episode in episodes)
        self._firing = frozenset(each.id for each in episodes if each.state == "firing")
        self._active = tuple(alert.labels for alert in self.prometheus.alerts())

    def is_known(self, episode: int) -> bool:
        """Whether the episode of this id was in the inbox before the fault."""
        return episode in self._known

    def was_firing(self, episode: int) -> bool:
        """Whether the episode of this id was firing before the fault."""
        return episode in self._firing

    def was_active(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert of these labels was pending or firing before the fault."""
        return any(before.items() <= labels.items() for before in self._active)

    def new(self) -> list[Episode]:
        """Return the pages that came since `begin` and were not on their way; raises NoAnswer."""
        return [
            page
            for page in self.inbox.episodes({"severity": "page"})
            if page.id not in self._known and not self.was_active(page.labels)
        ]
