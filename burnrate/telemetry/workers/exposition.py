"""The answer to a scrape: text or OpenMetrics, of one process or of many."""

import gzip
from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPENMETRICS
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from burnrate.telemetry.failures import failed
from burnrate.telemetry.workers import multiprocess
from burnrate.telemetry.workers.merge import MergedFiles, NoFilesError

# Level 1: the text is so repetitive that level 9 saves little and costs several times the CPU.
_GZIP_LEVEL: Final = 1


class Exposition:
    """Renders one merged picture of all workers, in the format the scraper asks for.

    Args:
        registry: Where the families of this package are registered.
        has_application_metrics: Show what the application registered in prometheus_client's
            global registry too; with many workers it is always there.
    """

    def __init__(self, registry: CollectorRegistry, *, has_application_metrics: bool) -> None:
        self._own = registry
        self._collected = CollectorRegistry()
        self._collected.register(registry)
        if has_application_metrics:
            self._collected.register(_ApplicationMetrics(registry))
        folder = multiprocess.directory()
        self._merged = MergedFiles(folder) if folder is not None else None

    def render(self, accept: str, accept_encoding: str) -> tuple[bytes, dict[str, str]]:
        """Return the body and the headers of the answer to a scrape.

        Args:
            accept: The scraper's `Accept` header; OpenMetrics, with exemplars, if it asks for that.
            accept_encoding: Its `Accept-Encoding` header; gzip or nothing.

        Raises:
            OSError: The files of all workers cannot be read now; those of one would be wrong.
        """
        is_openmetrics = "application/openmetrics-text" in accept
        try:
            body = self._of_all_workers(is_openmetrics=is_openmetrics)
        except NoFilesError:
            body = self._of_this_process(is_openmetrics=is_openmetrics)
        headers = {
            "Content-Type": OPENMETRICS if is_openmetrics else CONTENT_TYPE_PLAIN_0_0_4,
            "Vary": "Accept, Accept-Encoding",
        }
        if "gzip" in accept_encoding:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, compresslevel=_GZIP_LEVEL, mtime=0)
        return body, headers

    def _of_all_workers(self, *, is_openmetrics: bool) -> bytes:
        if self._merged is None:
            raise NoFilesError
        multiprocess.keep_files()
        return self._merged.render(is_openmetrics=is_openmetrics).encode()

    def _of_this_process(self, *, is_openmetrics: bool) -> bytes:
        generate: Callable[[CollectorRegistry], bytes]
        generate = generate_openmetrics if is_openmetrics else generate_latest
        try:
            return generate(self._collected)
        except Exception as error:  # noqa: BLE001 - of a collector of the application's
            failed("scrape", error)
            return generate(self._own)


class _ApplicationMetrics(Collector):
    """What the application itself registered globally, less what this package also exposes."""

    def __init__(self, own: CollectorRegistry) -> None:
        self._own = own

    def collect(self) -> Iterable[Metric]:
        taken = {family.name for family in self._own.collect()}
        for family in REGISTRY.collect():
            if family.name not in taken:
                yield family
