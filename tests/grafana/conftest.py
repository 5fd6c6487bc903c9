"""One stack for all tests of this room that need one, with traffic on it."""

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grafana.expected_empty import EMPTY
from tests.grafana.backends import VERSIONS, Backends
from tests.grafana.panels import BUILT, PanelQuery, all_queries, every_value
from tests.grafana.quickened import quicken
from tests.grafana.shipping import Shipper
from tests.grafana.traffic import Traffic
from tests.servers.checkout import Checkout, copied_checkout, machine_login_at
from tests.support.waiting import wait_until

# All have data after 15 s on two cores, and after a minute on two very busy ones.
_PATIENCE_SECONDS = 200.0
_STORES = ("prometheus", "alertmanager", "inbox", "loki", "tempo")


class BusyStack:
    """The stack with traffic on it; ask it only after `settle`."""

    def __init__(self, checkout: Checkout) -> None:
        rows = checkout.status()
        running = {
            name: f"{machine_login_at(checkout.path, name)}{row['address']}"
            for name, row in rows.items()
            if row["state"] == "running"
        }
        self.running = frozenset(running)
        self.checkout = checkout
        self.backends = Backends({part: running[part] for part in _STORES if part in running})
        self.front = running["nginx"]
        logs = checkout.path / ".burnrate/logs"
        # Where Alloy runs, it is Alloy that must ship them.
        ships = "loki" in running and "alloy" not in running
        self._shipper = Shipper(logs, f"http://{running['loki']}") if ships else None
        self.with_data: set[str] = set()

    def settle(self) -> None:
        """Ask all queries again and again, until each that must has data or patience ends."""
        # What has none in the end is each test's to say.
        with suppress(AssertionError):
            wait_until(self._has_all, seconds=_PATIENCE_SECONDS, every_seconds=1)

    def _has_all(self) -> bool:
        if self._shipper is not None:
            self._shipper.ship()
        titles = {dashboard["title"]: dashboard for dashboard in BUILT.values()}
        queries = [query for query in all_queries() if self.can_answer(query)]
        left = [query for query in queries if query.name not in self.with_data]
        for query in left:
            if self.backends.has_data(query, every_value(titles[query.dashboard], "api")):
                self.with_data.add(query.name)
        return not any(
            self.must_have_data(query) for query in left if query.name not in self.with_data
        )

    def record(self) -> str:
        """Return what became of each query, as docs/dashboard-queries.md tells it."""
        record = {
            "date": datetime.now(UTC).date().isoformat(),
            "versions": {part: self.backends.version(part) for part in self._asked()},
            "queries": {query.name: self._verdict(query) for query in all_queries()},
        }
        return json.dumps(record, indent=1) + "\n"

    def _asked(self) -> list[str]:
        return [part for part in VERSIONS if part in self.running]

    def _verdict(self, query: PanelQuery) -> str:
        if (part := self.missing(query)) is not None:
            return f"unchecked: {part} was not installed"
        if query.name in self.with_data:
            return "data"
        return "no data" if self.must_have_data(query) else "empty, as it should be"

    @staticmethod
    def must_have_data(query: PanelQuery) -> bool:
        """Say whether the traffic and its drills fill the query."""
        return query.name not in EMPTY or EMPTY[query.name].is_held

    def can_answer(self, query: PanelQuery) -> bool:
        """Say whether what the query asks, and what it asks about, runs here."""
        return self.missing(query) is None

    def missing(self, query: PanelQuery) -> str | None:
        """Return the part that a query needs and that does not run here."""
        about = {
            "loki_write_": "alloy",
            "loki_process_": "alloy",
            "loki_": "loki",
            "tempo_": "tempo",
        }
        needed = {query.kind}
        if query.kind == "prometheus":
            needed |= {part for prefix, part in about.items() if prefix in query.text}
        return next((part for part in sorted(needed) if part not in self.running), None)


@pytest.fixture(scope="session")
def busy_stack() -> Iterator[BusyStack]:
    """The stack in a copy of the tree, after scripted traffic."""
    # Every request is traced, the drills are allowed, and the service may ask itself.
    environment = {
        "WEB_CONCURRENCY": "2",
        "FAULTS_ENABLED": "true",
        "OTEL_TRACES_SAMPLER_ARG": "1.0",
        "PROCESS_ALLOWED_HOSTS": "127.0.0.1",
    }
    with copied_checkout(**environment) as checkout:
        quicken(checkout.path)
        checkout.evaluate_often()
        checkout.up()
        stack = BusyStack(checkout)
        with _BackgroundTraffic(stack.front):
            stack.settle()
        if path := os.environ.get("DASHBOARDS_RECORD"):
            Path(path).write_text(stack.record(), encoding="utf-8")
        yield stack
        stack.backends.close()


class _BackgroundTraffic:
    """Runs the scripted traffic in a thread of its own."""

    def __init__(self, address: str) -> None:
        self._traffic = Traffic(address)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self._error: BaseException | None = None

    def _run(self) -> None:
        self._task = self._loop.create_task(self._traffic.run())
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        except Exception as error:  # noqa: BLE001 - told to the test below
            self._error = error
        finally:
            self._loop.close()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()
        assert self._error is None, self._error
