"""Clients of the example service that ask as long as a test goes on."""

import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx2

from tests.support.waiting import PATIENCE_SECONDS

_CLOSED = (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError)


@contextmanager
def asking_clients(url: str) -> Iterator[Counter[int]]:
    """Have two clients write and two read until the block ends; yields what they were answered.

    A request that crossed with the end of its idle connection is sent once more, on a new one, as
    browsers and proxies do: nginx closes idle connections when it loads a file, and who asks at
    that moment gets a reset. It hides no loss: a row that was written all the same is a conflict
    the second time, and what was read is counted twice by the service and once here.
    """
    statuses: Counter[int] = Counter()
    done = threading.Event()

    def ask(writes: bool) -> None:
        with httpx2.Client(timeout=PATIENCE_SECONDS, trust_env=False) as client:
            while not done.is_set():
                user = {"name": "ada", "email": f"{uuid.uuid4()}@example.org"}
                request = (
                    client.build_request("POST", url, json=user)
                    if writes
                    else client.build_request("GET", url)
                )
                try:
                    answer = client.send(request)
                except _CLOSED:
                    answer = client.send(request)
                statuses[answer.status_code] += 1

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask, writes) for writes in (True, True, False, False)]
        try:
            yield statuses
        finally:
            done.set()
        for each in asking:
            each.result()
