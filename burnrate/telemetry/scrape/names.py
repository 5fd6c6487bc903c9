"""Names of metrics that somebody else in this process uses already."""

from collections.abc import Iterable, Sequence

from prometheus_client import (
    GC_COLLECTOR,
    PLATFORM_COLLECTOR,
    PROCESS_COLLECTOR,
    REGISTRY,
    CollectorRegistry,
    Metric,
)
from prometheus_client.registry import Collector


class Names:
    """The families that are registered in one registry now, to be looked for in the global one.

    Args:
        own: Read once, while it has few series.
    """

    def __init__(self, own: CollectorRegistry) -> None:
        # The library's families about the process do not count: those here replace them.
        replaced = {family.name for family in _of_the_library()}
        self._families = [
            Metric(family.name, family.documentation, family.type)
            for family in (own.collect() if own is not REGISTRY else ())
            if family.name not in replaced
        ]

    def clashes(self) -> list[str]:
        """Return those whose names prometheus_client's global registry has as well.

        Such a family would be shown with either's values only, or with both mixed up.
        """
        return sorted(family.name for family in self._families if _is_taken(family))


def _of_the_library() -> Iterable[Metric]:
    for collector in (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR):
        yield from collector.collect()


def _is_taken(family: Metric) -> bool:
    """Ask the registry, which refuses a name that it has; it collects nothing for that."""
    probe = _Probe(family)
    try:
        REGISTRY.register(probe)
    except ValueError:
        return True
    REGISTRY.unregister(probe)
    return False


class _Probe(Collector):
    def __init__(self, family: Metric) -> None:
        self._family = family

    def describe(self) -> Sequence[Metric]:
        return [self._family]

    def collect(self) -> Sequence[Metric]:
        return []
