"""What the service says it has answered."""

import http.client
from collections import Counter
from collections.abc import Mapping
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from burnrate.cli import CommandError
from burnrate.stack.addresses import LOOPBACK

_TIMEOUT_SECONDS: Final = 10
_OK: Final = 200
# The bench's own scrape, and health checks.
_OURS: Final = ("/metrics", "/health/")


class Scrape:
    """One scrape of all workers."""

    def __init__(self, text: str) -> None:
        self._samples = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    def answers(self) -> Counter[int]:
        """Return how many requests of clients were answered, by status."""
        counts: Counter[int] = Counter()
        for sample in self._samples:
            labels = sample.labels
            if sample.name == "http_requests_total" and not labels["endpoint"].startswith(_OURS):
                counts[int(labels["status"])] += int(sample.value)
        return counts

    def total(self, name: str, **labels: str) -> float:
        """Return the sum of the samples that have these labels, among others."""
        wanted = labels.items()
        return sum(
            sample.value
            for sample in self._samples
            if sample.name == name and wanted <= sample.labels.items()
        )


def scrape(port: int) -> Scrape:
    """Ask the api itself: nginx shows nobody its metrics.

    Raises:
        CommandError: it does not answer.
    """
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        text = response.read().decode()
    except (OSError, http.client.HTTPException) as error:
        raise CommandError(f"the api's metrics cannot be read: {error}") from error
    finally:
        connection.close()
    if response.status != _OK:
        raise CommandError(f"the api's metrics cannot be read: status {response.status}")
    return Scrape(text)


def uncounted(seen: Mapping[int, int], before: Scrape, after: Scrape) -> int:
    """Return by how many answers the clients and the counters differ, over all statuses."""
    grown = after.answers()
    grown.subtract(before.answers())
    return sum(abs(grown[status] - seen.get(status, 0)) for status in {*grown, *seen})
