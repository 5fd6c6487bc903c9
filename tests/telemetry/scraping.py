"""A client that scrapes without pause and notes every sum that falls."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.samples import Samples
from tests.telemetry.service import Service

COUNTED = ("_total", "_sum", "_count", "_bucket")


@contextmanager
def scraping(service: Service) -> Iterator[list[str]]:
    """Scrape without pause for the block; give what fell, which must stay empty."""
    fallen: list[str] = []
    is_over = threading.Event()

    def scrape() -> None:
        last: Samples = {}
        while not is_over.is_set():
            try:
                now = service.samples()
            except (OSError, AssertionError):  # asked of a worker that was just killed
                continue
            for key, value in last.items():
                if key[0].endswith(COUNTED) and now.get(key, -1.0) < value:
                    fallen.append(f"{key}: {value} -> {now.get(key)}")
            last = now

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield fallen
    finally:
        is_over.set()
        thread.join()
