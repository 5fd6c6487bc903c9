"""Silences and the alerts that they hold back, as Alertmanager has them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True

    @property
    def text(self) -> str:
        """The matcher as Alertmanager reads one: `service="api"`."""
        operator = {(True, False): "=", (False, False): "!=", (True, True): "=~"}.get(
            (self.is_equal, self.is_regex), "!~"
        )
        value = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.name}{operator}"{value}"'


@dataclass(frozen=True, slots=True)
class NewSilence:
    """A silence to be made; its comment and author must not be empty."""

    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    author: str
    comment: str


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence that holds alerts back now, or will from `starts_at` on."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    author: str
    comment: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class ListedAlert:
    """One alert on Alertmanager's list.

    Attributes:
        silenced_by: The ids of the silences that hold it back.
        inhibited_by: The fingerprints of the alerts that do.
    """

    fingerprint: str
    labels: Mapping[str, str]
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = field(default=())

    @property
    def is_muted(self) -> bool:
        """Whether anything holds it back."""
        return bool(self.silenced_by or self.inhibited_by)

    @property
    def title(self) -> str:
        """Its name and what it is about."""
        about = " ".join(filter(None, map(self.labels.get, ("service", "slo"))))
        name = self.labels.get("alertname") or "An alert without a name"
        return f"{name} · {about}" if about else name
