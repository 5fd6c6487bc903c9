"""The answer to a scrape."""

import gzip
from collections.abc import Iterable

from prometheus_client import REGISTRY, CollectorRegistry, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from burnrate.telemetry import multiprocess

# Level 1: the text is so repetitive that level 9 saves little and costs several times the CPU.
_GZIP_LEVEL = 1


class _ApplicationMetrics(Collector):
    """What the application itself registered globally, less what this package also exposes."""

    def __init__(self, own: CollectorRegistry) -> None:
        self._own = own

    def collect(self) -> Iterable[Metric]:
        taken = {family.name for family in self._own.collect()}
        for family in REGISTRY.collect():
            if family.name not in taken:
                yield family


class Exposition:
    """Renders one merged picture of all workers, in the format the scraper asks for.

    Args:
        registry: Where the families of this package are registered.
        has_application_metrics: Show what the application registered in prometheus_client's
            global registry too; with many workers it is always there.
    """

    def __init__(self, registry: CollectorRegistry, *, has_application_metrics: bool) -> None:
        self._registry = registry
        self._application = _ApplicationMetrics(registry) if has_application_metrics else None

    def render(self, accept: str, accept_encoding: str) -> tuple[bytes, dict[str, str]]:
        """Return body and headers for the scraper's Accept and Accept-Encoding headers."""
        encode, content_type = choose_encoder(accept)
        body: bytes = encode(self._collected())
        headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
        if "gzip" in accept_encoding:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, compresslevel=_GZIP_LEVEL, mtime=0)
        return body, headers

    def _collected(self) -> CollectorRegistry:
        path = multiprocess.directory()
        if path is not None:
            return multiprocess.merged_registry(path)
        registry = CollectorRegistry()
        registry.register(self._registry)
        if self._application is not None:
            registry.register(self._application)
        return registry
