"""A real Chromium without a window, driven by its DevTools protocol."""

import contextlib
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
from websockets.sync.client import ClientConnection, connect

from tests.servers.groups import end_group, launch_group
from tests.support.waiting import PATIENCE_SECONDS, wait_until

_COMMAND = [
    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
    "--disable-background-networking", "--remote-debugging-port=0",
]  # fmt: skip


class Page:
    """One page; `complaints` holds what the browser wrote into its log."""

    def __init__(self, connection: ClientConnection) -> None:
        """Take the page's DevTools connection."""
        self._connection = connection
        self._number = 0
        self.complaints: list[str] = []

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON)
        """Call a method of the protocol and return its result."""
        self._number += 1
        call = {"id": self._number, "method": method, "params": parameters}
        self._connection.send(json.dumps(call))
        while True:
            message = json.loads(self._connection.recv(timeout=PATIENCE_SECONDS))
            if message.get("id") == self._number:
                result: dict[str, Any] = message["result"]
                return result
            if message.get("method") in {"Log.entryAdded", "Runtime.exceptionThrown"}:
                self.complaints.append(json.dumps(message["params"]))

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401 (what the page says)
        """Return what an expression gives in the page."""
        return self.call("Runtime.evaluate", expression=expression)["result"].get("value")


@contextlib.contextmanager
def browsing(folder: Path, *options: str) -> Iterator[Page]:
    """Start a browser with a new profile and further options; it ends with the block."""
    with (folder / "chromium.log").open("wb") as log:
        process = launch_group(
            [*_COMMAND, *options, f"--user-data-dir={folder / 'profile'}", "about:blank"],
            stderr=log,
        )
    try:
        with connect(
            _address(process, folder / "profile"), max_size=None, open_timeout=PATIENCE_SECONDS
        ) as connection:
            page = Page(connection)
            for domain in ("Log", "Runtime"):
                page.call(f"{domain}.enable")
            yield page
    finally:
        end_group(process, signal.SIGKILL)


@contextlib.contextmanager
def another_tab(folder: Path, url: str) -> Iterator[Page]:
    """Open one more tab of the browser whose profile is in a folder."""
    port = _port(folder / "profile" / "DevToolsActivePort")
    made = httpx2.put(f"http://127.0.0.1:{port}/json/new?{url}", timeout=PATIENCE_SECONDS).json()
    with connect(
        made["webSocketDebuggerUrl"], max_size=None, open_timeout=PATIENCE_SECONDS
    ) as connection:
        yield Page(connection)


def _address(process: subprocess.Popen[bytes], profile: Path) -> str:
    file = profile / "DevToolsActivePort"
    # The file is there before anything is in it.
    wait_until(lambda: _port(file) or process.poll() is not None, "Chromium listens")
    port = _port(file)
    pages = httpx2.get(f"http://127.0.0.1:{port}/json").json()
    address: str = next(page for page in pages if page["type"] == "page")["webSocketDebuggerUrl"]
    return address


def _port(file: Path) -> str:
    lines = file.read_text().splitlines() if file.exists() else []
    return lines[0] if lines else ""
