"""What is asked of supervisord, and what is made of its answers."""

import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from xmlrpc.client import Fault
from xmlrpc.server import SimpleXMLRPCDispatcher

import pytest
from supervisor.xmlrpc import Faults

from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout
from burnrate.stack.processes.supervision import Supervisor, configuration_file


class FakeSupervisord:
    """Keeps the states of processes as supervisord does, and notes what it is asked."""

    def __init__(self) -> None:
        self.states = {"old": "RUNNING", "changed": "RUNNING", "gone": "RUNNING"}
        self.calls: list[str] = []
        self.unknown: set[str] = set()

    def dispatch(self, method: str, parameters: tuple[str, ...]) -> object:
        """Answer a call; the method's name begins with `supervisor.`."""
        return getattr(self, method.removeprefix("supervisor."))(*parameters)

    def getAllProcessInfo(self) -> list[dict[str, object]]:  # noqa: N802 - supervisord's own
        """Return all states."""
        return [
            {"name": name, "statename": state, "pid": 12, "description": "pid 12"}
            for name, state in self.states.items()
        ]

    def startProcess(self, name: str, _wait: bool) -> bool:  # noqa: N802
        """Start one that is stopped."""
        self._note("start", name)
        if self.states[name] == "RUNNING":
            raise Fault(Faults.ALREADY_STARTED, f"ALREADY_STARTED: {name}")
        self.states[name] = "RUNNING"
        return True

    def stopProcess(self, name: str, _wait: bool) -> bool:  # noqa: N802
        """Stop one that runs."""
        self._note("stop", name)
        if self.states[name] != "RUNNING":
            raise Fault(Faults.NOT_RUNNING, f"NOT_RUNNING: {name}")
        self.states[name] = "STOPPED"
        return True

    def reloadConfig(self) -> list[list[list[str]]]:  # noqa: N802
        """Say what differs in the file."""
        return [[["new"], ["changed"], ["gone"]]]

    def removeProcessGroup(self, name: str) -> bool:  # noqa: N802
        """Forget one, which must not run."""
        self._note("remove", name)
        if self.states[name] == "RUNNING":
            raise Fault(Faults.STILL_RUNNING, f"STILL_RUNNING: {name}")
        del self.states[name]
        return True

    def addProcessGroup(self, name: str) -> bool:  # noqa: N802
        """Know one."""
        self._note("add", name)
        self.states[name] = "STOPPED"
        return True

    def _note(self, verb: str, name: str) -> None:
        self.calls.append(f"{verb} {name}")
        if name not in self.states and verb != "add":
            raise Fault(Faults.BAD_NAME, f"BAD_NAME: {name}")


class _Handler(BaseHTTPRequestHandler):
    dispatcher: SimpleXMLRPCDispatcher
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.dispatcher._marshaled_dispatch(request)
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)  # type: ignore[arg-type]

    def address_string(self) -> str:
        return "a socket of the file system"

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def layout(open_path: Path) -> Layout:
    """A state directory whose socket can be bound."""
    layout = Layout(open_path, open_path / "state")
    layout.run.mkdir(parents=True)
    return layout


@pytest.fixture
def supervisord(layout: Layout) -> Iterator[FakeSupervisord]:
    """A supervisord of the test's own on the layout's socket."""
    fake = FakeSupervisord()
    dispatcher = SimpleXMLRPCDispatcher(allow_none=True)
    dispatcher.register_instance(
        type("Instance", (), {"_dispatch": lambda _, *a: fake.dispatch(*a)})()
    )
    handler = type("Handler", (_Handler,), {"dispatcher": dispatcher})
    with socketserver.ThreadingUnixStreamServer(str(layout.socket()), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield fake
        server.shutdown()
        thread.join()


def test_states_are_supervisords(layout: Layout, supervisord: FakeSupervisord) -> None:
    """Each part with its process id."""
    supervisord.states = {"db": "RUNNING", "api": "BACKOFF"}
    infos = Supervisor(layout).processes()
    assert {name: (info.is_up, info.has_ended) for name, info in infos.items()} == {
        "db": (True, False),
        "api": (False, True),
    }
    assert infos["db"].pid == 12


def test_a_part_that_runs_can_be_started_and_a_stopped_one_stopped(
    layout: Layout, supervisord: FakeSupervisord
) -> None:
    """What was asked for is so already: no failure, and nothing changes."""
    supervisord.states = {"db": "RUNNING", "api": "STOPPED"}
    Supervisor(layout).start("db")
    Supervisor(layout).stop(["api"])
    assert supervisord.states == {"db": "RUNNING", "api": "STOPPED"}


def test_any_other_fault_is_an_error_in_supervisords_words(
    layout: Layout, supervisord: FakeSupervisord
) -> None:
    """A part that supervisord does not know was not started."""
    with pytest.raises(StackError, match=r"supervisor\.startProcess: BAD_NAME: unknown"):
        Supervisor(layout).start("unknown")
    assert supervisord.calls == ["start unknown"]


def test_an_update_stops_what_changed_or_is_gone_before_it_is_taken_out(
    layout: Layout, supervisord: FakeSupervisord
) -> None:
    """What runs cannot be taken out; what did not change runs on."""
    Supervisor(layout).update()
    assert set(supervisord.calls[:2]) == {"stop changed", "stop gone"}
    assert supervisord.calls[2:] == ["remove changed", "remove gone", "add changed", "add new"]
    assert supervisord.states == {"old": "RUNNING", "changed": "STOPPED", "new": "STOPPED"}


def test_without_supervisord_there_is_no_answer(layout: Layout) -> None:
    """Its socket is not there."""
    assert not Supervisor(layout).is_answering()


def test_a_supervisord_that_hangs_is_not_waited_for_without_end(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes the connection, and says nothing."""
    monkeypatch.setattr("burnrate.stack.processes.supervision.supervisor._CALL_SECONDS", 0.05)
    with socketserver.UnixStreamServer(str(layout.socket()), socketserver.StreamRequestHandler):
        assert not Supervisor(layout).is_answering()


def test_supervisord_is_found_by_the_file_it_was_started_with(layout: Layout) -> None:
    """Also when it has not written its process id yet."""
    assert Supervisor(layout).identity() is None
    words = ["import time; time.sleep(60)", "--configuration", str(configuration_file(layout))]
    process = subprocess.Popen([sys.executable, "-c", *words])
    try:
        identity = Supervisor(layout).identity()
        assert identity is not None
        assert identity.pid == process.pid
    finally:
        process.kill()
        process.wait()
