"""The answer to a scrape: text or OpenMetrics, of one process or of many."""

import gzip
import logging
import re
from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import (
    GC_COLLECTOR,
    PROCESS_COLLECTOR,
    REGISTRY,
    CollectorRegistry,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPENMETRICS
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from burnrate.telemetry.content_coding import accepts_gzip
from burnrate.telemetry.failures import failed, guard
from burnrate.telemetry.workers import multiprocess
from burnrate.telemetry.workers.merge import MergedFiles, NoFilesError
from burnrate.telemetry.workers.siblings import share_a_port
from burnrate.telemetry.workers.values import is_in_files, names_with_functions

# Level 1: the text is so repetitive that level 9 saves little and costs several times the CPU.
_GZIP_LEVEL: Final = 1
_TYPE: Final = re.compile(r"^# TYPE (\S+)", re.MULTILINE)
# The library had no name for it before 0.22.
_PLAIN: Final = "text/plain; version=0.0.4; charset=utf-8"
_END: Final = "# EOF\n"
_PYTHON: Final = "python_info"
# The client library's own about the process it runs in; ours are over all of them.
_OF_ONE_PROCESS: Final = frozenset(
    family.name for each in (PROCESS_COLLECTOR, GC_COLLECTOR) for family in each.collect()
)
# Siblings may start later than this process; after so many scrapes they have.
_MOST_LOOKS: Final = 20
_SEVERAL: Final = (
    "other processes answer at the same port: set PROMETHEUS_MULTIPROC_DIR to an empty folder "
    "before Python starts"
)

_log: Final = logging.getLogger("burnrate.telemetry")


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
        shown = _WithApplication(registry) if has_application_metrics else registry
        self._collected.register(shown)
        self._rest = _Rest(dict.fromkeys((registry, REGISTRY)))
        self._looks_left = _MOST_LOOKS
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
            "Content-Type": OPENMETRICS if is_openmetrics else _PLAIN,
            "Vary": "Accept, Accept-Encoding",
        }
        if accepts_gzip(accept_encoding):
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, compresslevel=_GZIP_LEVEL, mtime=0)
        return body, headers

    def _of_all_workers(self, *, is_openmetrics: bool) -> bytes:
        if self._merged is None:
            raise NoFilesError
        multiprocess.keep_files()
        text = self._merged.render(is_openmetrics=is_openmetrics)
        with guard("scrape"):
            rest = self._rest.render({_family(line) for line in _TYPE.findall(text)})
            text = text.removesuffix(_END) + _generate(rest, is_openmetrics=is_openmetrics).decode()
        return text.encode()

    def _of_this_process(self, *, is_openmetrics: bool) -> bytes:
        self._look_for_siblings()
        try:
            return _generate(self._collected, is_openmetrics=is_openmetrics)
        except Exception as error:  # noqa: BLE001 - of a collector of the application's
            failed("scrape", error)
            return _generate(self._own, is_openmetrics=is_openmetrics)

    def _look_for_siblings(self) -> None:
        """Say once if others answer at this port: their figures are in no scrape of this one."""
        if self._looks_left:
            self._looks_left -= 1
            if share_a_port():
                self._looks_left = 0
                failed("workers", SeveralProcessesError(_SEVERAL))


class SeveralProcessesError(Exception):
    """Several processes serve one application, and each shows what it alone has counted."""


class _Rest(Collector):
    """What is in no metric file: shown as the process has it that answers the scrape.

    `Info` and collectors of the application's own, as a rule; of the client library's, whatever
    does not differ between processes.
    """

    def __init__(self, registries: Iterable[CollectorRegistry]) -> None:
        self._registries = tuple(registries)
        self._in_files: set[str] = set()
        self._is_told = False

    def render(self, in_files: set[str]) -> CollectorRegistry:
        """Return a registry of what is not among these families."""
        self._in_files = in_files
        registry = CollectorRegistry()
        registry.register(self)
        return registry

    def describe(self) -> Iterable[Metric]:
        """Return none: a registry need not know the names before they are asked for."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Return the families, and say once which of them are of one process only."""
        found = [
            family
            for registry in self._registries
            for family in registry.collect()
            if family.samples
            and family.name not in self._in_files
            and family.name not in _OF_ONE_PROCESS
            # A scrape may come between the end of a file and the next one.
            and not is_in_files(registry, family.name)
        ]
        if not self._is_told:
            self._tell(found)
        return found

    def _tell(self, found: list[Metric]) -> None:
        names = [each.name for each in found if each.type != "info" and each.name != _PYTHON]
        if names:
            self._is_told = True
            _log.warning("metrics are of one process only", extra={"metrics": names})
        for registry in self._registries:
            if functions := names_with_functions(registry):
                self._is_told = True
                _log.warning("functions of gauges are not shown", extra={"metrics": functions})


def _generate(registry: CollectorRegistry, *, is_openmetrics: bool) -> bytes:
    generate: Callable[[CollectorRegistry], bytes]
    generate = generate_openmetrics if is_openmetrics else generate_latest
    return generate(registry)


def _family(name: str) -> str:
    return name.removesuffix("_total")


class _WithApplication(Collector):
    """Our families, then what the application itself registered globally that is not among them."""

    def __init__(self, own: CollectorRegistry) -> None:
        self._own = own

    def collect(self) -> Iterable[Metric]:
        taken = set()
        for family in self._own.collect():
            taken.add(family.name)
            yield family
        for family in REGISTRY.collect():
            if family.name not in taken:
                yield family
