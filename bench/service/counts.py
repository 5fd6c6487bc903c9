"""What the service says it has answered."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from burnrate.cli import CommandError
from burnrate.http_client import HttpClient, NoAnswer
from burnrate.samples import Samples
from burnrate.stack import LOOPBACK

_TIMEOUT_SECONDS: Final = 10
# The bench's own scrape, and health checks.
_OURS: Final = ("/metrics", "/health/")


def scrape(port: int) -> Samples:
    """Return the metrics of all workers, from the api itself: nginx shows them to nobody.

    Raises:
        CommandError: it does not answer.
    """
    url = f"http://{LOOPBACK}:{port}"
    try:
        with HttpClient("the api", url, timeout_seconds=_TIMEOUT_SECONDS) as api:
            return api.samples()
    except NoAnswer as error:
        raise CommandError(f"its metrics cannot be read: {error}") from error


def answers(samples: Samples) -> Counter[int]:
    """Return how many requests of clients were answered, by status."""
    counts: Counter[int] = Counter()
    for sample in samples.of("http_requests_total"):
        if not sample.labels["endpoint"].startswith(_OURS):
            counts[int(sample.labels["status"])] += int(sample.value)
    return counts


def uncounted(seen: Mapping[int, int], before: Samples, after: Samples) -> int:
    """Return by how many answers the clients and the counters differ, over all statuses.

    Args:
        seen: Answers that the clients got, by status.
        before: The service's metrics before they asked.
        after: And afterwards.
    """
    grown = answers(after)
    grown.subtract(answers(before))
    return sum(abs(grown[status] - seen.get(status, 0)) for status in {*grown, *seen})
