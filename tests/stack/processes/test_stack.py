"""A stack of one small part: what a start that fails leaves behind."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from burnrate.stack import free_ports
from burnrate.stack.addresses import ENDPOINTS, AddressMap
from burnrate.stack.compose import Compose
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout
from burnrate.stack.processes.shutdown import end_stack
from burnrate.stack.processes.stack import ProcessStack
from burnrate.stack.stack_record import read_record
from tests.support.waiting import PATIENCE_SECONDS, wait_until

# Without a supervisor nobody reads what a part prints, and a program in Go ends with its next line.
QUIET = ["--web.listen-address=0.0.0.0:9100", "--no-collector.systemd"]
COMPOSE = {"services": {"node-exporter": {"command": QUIET}}}

_HEARTBEAT = re.compile(r"^supervisor_heartbeat_timestamp_seconds (\S+)$", re.MULTILINE)


def _left(layout: Layout) -> list[str]:
    """What lives of the stack: whatever was told of its state directory."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd", "status"]):
        words = [process.info["cwd"] or "", *(process.info["cmdline"] or ())]
        is_alive = process.info["status"] != psutil.STATUS_ZOMBIE
        if is_alive and any(str(layout.state) in word for word in words):
            found.append(" ".join(words))
    return found


@pytest.fixture
def stack(open_path: Path) -> Iterator[ProcessStack]:
    """One exporter under a supervisor."""
    ports = zip(ENDPOINTS, free_ports(len(ENDPOINTS)), strict=True)
    addresses = AddressMap.from_environment({e.variable: str(port) for e, port in ports})
    layout = Layout(open_path, open_path / "state")
    stack = ProcessStack(layout, Compose.model_validate(COMPOSE), addresses, {}, lambda _line: None)
    yield stack
    stack.down()


@pytest.mark.integration
def test_a_stack_starts_and_ends(stack: ProcessStack) -> None:
    """Nothing is left, and there is nothing to stop twice."""
    stack.up()
    (row,) = stack.status()
    assert (row.part, row.health) == ("node-exporter", "healthy")
    assert len(_left(stack.layout)) == 2
    assert stack.down()
    assert _left(stack.layout) == []
    assert not stack.down()


@pytest.mark.integration
def test_a_supervisor_that_does_not_answer_in_time_is_not_left_behind(
    stack: ProcessStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was started, and may answer a moment later."""
    monkeypatch.setattr("burnrate.stack.processes.supervision.supervisor._START_SECONDS", -1.0)
    with pytest.raises(StackError, match="supervisord does not answer"):
        stack.up()
    assert _left(stack.layout) == []
    assert read_record(stack.layout) is None


@pytest.mark.integration
def test_a_second_interrupt_leaves_nothing_behind_either(
    stack: ProcessStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C twice: the second one comes while the first one's end is going on."""

    def interrupt(*_arguments: str) -> None:
        raise KeyboardInterrupt

    def end_interrupted(*arguments: Any) -> None:  # noqa: ANN401 - as it is given them
        os.kill(os.getpid(), signal.SIGINT)
        end_stack(*arguments)

    monkeypatch.setattr("burnrate.stack.processes.stack.Supervisor.start", interrupt)
    monkeypatch.setattr("burnrate.stack.processes.stack.end_stack", end_interrupted)
    with pytest.raises(KeyboardInterrupt):
        stack.up()
    assert _left(stack.layout) == []
    assert read_record(stack.layout) is None


@pytest.mark.integration
def test_a_part_that_cannot_be_stopped_or_started_is_named_without_rendering_any(
    stack: ProcessStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record knows what runs; files that are broken now do not matter."""
    stack.up()
    monkeypatch.setattr(
        "burnrate.stack.processes.rendering.PartRenderer.part",
        lambda *_: pytest.fail("a part was rendered"),
    )
    with pytest.raises(StackError, match="'exporter' is not a part of the running stack: node-exp"):
        stack.stop("exporter")
    stack.stop("node-exporter")
    assert stack.status()[0].state == "stopped"


@pytest.mark.integration
@pytest.mark.parametrize("is_supervised", [True, False])
@pytest.mark.parametrize("record", ['{"mode": "proc', "[]", "", "\0" * 100, None])
def test_a_stack_whose_record_is_damaged_is_found_by_what_runs(
    stack: ProcessStack, record: str | None, is_supervised: bool
) -> None:
    """It is shown, it is stopped as a whole, and then nothing is running."""
    stack.up()
    file = stack.layout.run / "stack.json"
    if record is None:
        file.unlink()
    else:
        file.write_text(record)
    if not is_supervised:
        supervisor = int((stack.layout.run / "supervisord.pid").read_text())
        os.kill(supervisor, signal.SIGKILL)
        wait_until(lambda: stack.status()[0].state == "unsupervised", "the supervisor's end")
    assert stack.status()[0].state == ("running" if is_supervised else "unsupervised")
    assert stack.down()
    assert _left(stack.layout) == []
    assert not stack.down()


@pytest.mark.integration
def test_up_takes_over_a_stack_whose_record_is_damaged(stack: ProcessStack) -> None:
    """With a record of its own, and one process of each."""
    stack.up()
    (stack.layout.run / "stack.json").write_text("damaged")
    stack.up()
    assert read_record(stack.layout) is not None
    assert stack.status()[0].health == "healthy"
    assert len(_left(stack.layout)) == 2


@pytest.mark.integration
def test_the_supervisor_s_heartbeat_is_exposed_and_stops_with_it(stack: ProcessStack) -> None:
    """So that a rule can tell that nobody starts the parts again."""

    def beat() -> float:
        text = httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_SECONDS).text
        return float(_HEARTBEAT.findall(text)[0])

    stack.up()
    port = stack.addresses.port("node-exporter")
    first = beat()
    wait_until(lambda: beat() > first, "the next beat", every_seconds=0.2)
    os.kill(int((stack.layout.run / "supervisord.pid").read_text()), signal.SIGKILL)
    wait_until(lambda: stack.status()[0].state != "running", "the supervisor's end")
    # Not from the exporter, which may end with a line that nobody reads.
    last = float(
        _HEARTBEAT.findall((stack.layout.run / "supervisor/supervisor.prom").read_text())[0]
    )
    stack.up()
    wait_until(lambda: beat() > last, "the new supervisor's beat", every_seconds=0.2)
