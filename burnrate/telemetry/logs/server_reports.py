"""What servers report themselves of an exception that has its line already."""

import logging
from typing import Final

# Where they write it, past the root's handlers unless their configuration says otherwise. granian
# reports from Rust, as text that does not show which exception it was.
_LOGGERS: Final = ("uvicorn.error", "hypercorn.error")


class _ReportedOnce(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        return not getattr(error, "_burnrate_logged", False)


def hide_second_reports() -> None:
    """Drop servers' reports of exceptions that `mark_logged` has seen; harmless when done already.

    Called when the application starts: a server configures its loggers before that.
    """
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(each, _ReportedOnce) for each in logger.filters):
            logger.addFilter(_ReportedOnce())
