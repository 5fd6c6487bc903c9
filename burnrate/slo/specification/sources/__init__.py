"""Where requests are counted: what a source's file says, and the SLIs that follow from it.

Each file `*.yml` here is one source; a team's own are read from beside its specifications.
"""

from burnrate.slo.specification.sources.asked import Asked, Duration, seconds
from burnrate.slo.specification.sources.slis import Sli, SourceProblem, availability, latency
from burnrate.slo.specification.sources.source import Source, source_file, source_names

__all__ = [
    "Asked",
    "Duration",
    "Sli",
    "Source",
    "SourceProblem",
    "availability",
    "latency",
    "seconds",
    "source_file",
    "source_names",
]
