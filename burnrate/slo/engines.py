"""What evaluates rules, and how late it is by its default settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Engine:
    """A program that evaluates rules.

    Attributes:
        title: Its name for people.
        reads_back: Whether a rule surely sees at once what the one before it recorded. A ledger
            needs that.
        unseen_seconds: How old a sample is before its rules see it.
        sees_records_late: Whether what an evaluation records is seen by the next one only.
    """

    title: str
    reads_back: bool = False
    unseen_seconds: int = 0
    sees_records_late: bool = False


PROMETHEUS: Final = Engine("Prometheus", reads_back=True)
# vmalert's -rule.evalDelay: measured with 1.150.0. 1.79 has none, but as much by VictoriaMetrics'
# -search.latencyOffset for each rule, which exported rules turn off.
_VICTORIAMETRICS: Final = Engine(
    "VictoriaMetrics with vmalert", unseen_seconds=30, sees_records_late=True
)
# Its -ruler.evaluation-delay-duration; not measured.
_MIMIR: Final = Engine("Mimir's ruler", unseen_seconds=60)
# By their names in burnrate.yml.
ENGINES: Final[Mapping[str, Engine]] = {
    "prometheus": PROMETHEUS,
    "victoriametrics": _VICTORIAMETRICS,
    "mimir": _MIMIR,
}
