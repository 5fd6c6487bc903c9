"""A collector that does not answer: said once, until it takes spans again."""

import logging
from typing import Final

# The exporters' modules, whose names their loggers have. They report each attempt.
_EXPORTERS: Final = (
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.exporter.otlp.proto.grpc.exporter",
)

_log: Final = logging.getLogger("burnrate.telemetry")


class Outage(logging.Filter):
    """Lets the first report of the exporters' pass, and no other before the end.

    What becomes of each span is counted (`trace_spans_total`); a line an attempt adds nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_told = False
        self._failed = 0
        for name in _EXPORTERS:
            logger = logging.getLogger(name)
            for each in [each for each in logger.filters if isinstance(each, Outage)]:
                logger.removeFilter(each)  # of an application before this one
            logger.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a report is the first of this outage; logging calls this."""
        if record.levelno < logging.WARNING:
            return True
        is_first, self._is_told = not self._is_told, True
        return is_first

    def note(self, spans: int, *, is_taken: bool) -> None:
        """Remember what became of a batch, and say once that the outage is over."""
        if not is_taken:
            self._failed += spans
            return
        failed, self._failed = self._failed, 0
        if self._is_told:
            self._is_told = False
            _log.info("the collector takes spans again", extra={"spans_lost": failed})
