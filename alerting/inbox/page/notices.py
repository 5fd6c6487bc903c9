"""What is missing from the page, in words: alerts that were lost, and some that never came."""

from collections.abc import Iterator
from datetime import timedelta

from alerting.inbox.page.formats import clock, count
from alerting.inbox.page.overview import Overview

# Longer ago, somebody has seen it.
_REPLACED_FOR = timedelta(days=1)


def notices(overview: Overview) -> Iterator[str]:
    """Yield a sentence for each kind of what is missing."""
    losses = overview.losses
    if losses.set_aside:
        names = ", ".join(losses.set_aside)
        yield (
            f"The store was damaged: {names} stands beside the new one, which has only what arrived"
            " since. This stays until somebody moves the file away."
        )
    if losses.replaced_at and overview.now - losses.replaced_at < _REPLACED_FOR:
        at = clock(losses.replaced_at, overview.now)
        yield f"The store's file was deleted or replaced {at}: what it held is not shown."
    if overview.truncated:
        yield (
            f"Alertmanager left {count(overview.truncated, 'alert')} out of what it sent last:"
            " its own page has them all."
        )
