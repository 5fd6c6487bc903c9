"""The logging that a process had before stays, but for what would print each line twice."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from burnrate.telemetry import TelemetrySettings, instrument
from burnrate.telemetry.logs import configure_logging, take_over_servers
from burnrate.telemetry.logs.output import StdoutHandler

ROOT = Path(__file__).parents[3]


def test_handlers_of_the_root_survive_and_those_of_the_console_give_way(tmp_path: Path) -> None:
    """A file, and whatever a vendor has added, gets each line as before."""
    root = logging.getLogger()
    file, console = logging.FileHandler(tmp_path / "app.log"), logging.StreamHandler(sys.stdout)
    root.handlers += [file, console, logging.StreamHandler()]
    ours = StdoutHandler
    kept = [each for each in root.handlers if each is not console and not isinstance(each, ours)]
    kept.pop()
    for _ in range(2):  # an application may be made twice
        configure_logging("shop", TelemetrySettings())
        assert root.handlers[:-1] == kept
        assert isinstance(root.handlers[-1], StdoutHandler)
    logging.getLogger("shop").info("sold")
    file.close()
    assert (tmp_path / "app.log").read_text() == "sold\n"


def test_caplog_survives(caplog: pytest.LogCaptureFixture) -> None:
    """A team's tests go on, whatever they do with records."""
    app = FastAPI()
    instrument(app, service="shop")
    with caplog.at_level(logging.INFO), TestClient(app) as client:
        client.get("/nowhere")
    (record,) = [each for each in caplog.records if each.name == "burnrate.request"]
    assert record.getMessage() == "GET /nowhere 404"


def test_file_of_an_access_log_survives(tmp_path: Path) -> None:
    """Only the console would have two lines a request."""
    access = logging.getLogger("uvicorn.access")
    file = logging.FileHandler(tmp_path / "access.log")
    access.handlers[:] = [logging.StreamHandler(sys.stdout), file]
    access.setLevel(logging.INFO)
    take_over_servers()
    access.info("GET / 200")
    file.close()
    assert access.handlers == [file]
    assert (tmp_path / "access.log").read_text() == "GET / 200\n"


def test_level_that_a_server_was_given_stays() -> None:
    """`uvicorn --log-level warning` means it."""
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    take_over_servers()
    assert logging.getLogger("uvicorn.error").level == logging.WARNING


UNCAUGHT = """
import sys, threading
def note(*arguments):
    print("THEIRS", type(arguments[-2] if len(arguments) == 3 else arguments[0].exc_value).__name__)
sys.excepthook = threading.excepthook = note
from burnrate.telemetry import TelemetrySettings
from burnrate.telemetry.logs import configure_logging
for _ in range(2):
    configure_logging("shop", TelemetrySettings())
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise KeyError("x")
"""


def test_hooks_for_uncaught_exceptions_survive() -> None:
    """Each exception is one line, and a vendor's hook hears of it once."""
    done = subprocess.run(
        [sys.executable, "-c", UNCAUGHT], cwd=ROOT, capture_output=True, text=True, check=False
    )
    said = done.stdout.splitlines()
    assert [line for line in said if not line.startswith("{")] == [
        "THEIRS ZeroDivisionError",
        "THEIRS KeyError",
    ]
    logged = [json.loads(line)["exception_message"] for line in said if line.startswith("{")]
    assert logged == ["division by zero", "'x'"]
