"""The processes of one scenario."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from bench.measuring.driver import CHECKOUT, clean_environment
from bench.scenarios.configurations import COUNTERS, alertmanager_file, nginx_file, prometheus_file
from bench.scenarios.receiver import Receiver, running_receiver
from bench.scenarios.service import BEHAVIOUR
from burnrate.cli import CommandError
from burnrate.http_client import HttpClient, NoAnswer
from burnrate.stack import LOOPBACK, free_ports

_START_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.2
PROGRAMS: Final = ("nginx", "prometheus", "prometheus-alertmanager")


@dataclass
class Rig:
    """Two instances, nginx, Prometheus and Alertmanager, all running.

    Attributes:
        port: Where clients come in.
        instances: The gunicorn of each instance.
        prometheus: Prometheus' API.
        status: nginx' own figures.
        nginx_pid: nginx' main process.
    """

    folder: Path
    port: int
    prometheus: HttpClient
    status: HttpClient
    receiver: Receiver
    ports: Sequence[int]
    instances: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    nginx_pid: int = 0

    def behave(self, told: Mapping[str, Mapping[str, float]]) -> None:
        """Tell the routes what to do, `GET /posts` and the like to `status` and `seconds`."""
        new = self.folder / "behaviour.new"
        new.write_text(json.dumps(told))
        new.replace(self.folder / "behaviour.json")

    def start(self, number: int) -> None:
        """Start an instance, in the place of what is left of it, and wait for nothing."""
        folder = self.folder / f"instance-{number}"
        folder.mkdir(exist_ok=True)
        environment = {
            "BURNRATE_BENCH_BIND": f"{LOOPBACK}:{self.ports[number]}",
            BEHAVIOUR: str(self.folder / "behaviour.json"),
            "TELEMETRY_INTERNAL_ROUTES": "metrics,health",
            "TMPDIR": str(folder),
        }
        command = [sys.executable, "-m", "gunicorn"]
        command += ["--config", "python:bench.scenarios.gunicorn_conf"]
        process = _launched(
            [*command, "bench.scenarios.service:create_app()"], folder / "log", environment
        )
        if number < len(self.instances):
            _end(self.instances[number])
            self.instances[number] = process
        else:
            self.instances.append(process)

    def send(self, number: int, signal_number: signal.Signals) -> None:
        """Send a signal to an instance and its workers."""
        for each in _tree(self.instances[number]):
            each.send_signal(signal_number)

    def show_counters(self, *, is_shown: bool) -> None:
        """Let nginx answer Prometheus, or not; it counts all the same."""
        path = self.folder / "nginx/nginx.conf"
        old, new = COUNTERS if is_shown else reversed(COUNTERS)
        path.write_text(path.read_text().replace(old, new))
        os.kill(self.nginx_pid, signal.SIGHUP)

    def end(self) -> None:
        """End all instances."""
        for each in self.instances:
            _end(each)

    def alerts(self) -> list[dict[str, Any]]:
        """Return what is pending or firing; nothing where Prometheus does not answer."""
        try:
            found: list[dict[str, Any]] = json.loads(self.prometheus.get("/api/v1/alerts"))["data"][
                "alerts"
            ]
        except NoAnswer:
            return []
        return found

    def value(self, query: str) -> float:
        """Return the first value of a query, 0 without one or where Prometheus does not answer."""
        try:
            answer = json.loads(self.prometheus.get("/api/v1/query", {"query": query}))
        except NoAnswer:
            return 0.0
        result = answer["data"]["result"]
        return float(result[0]["value"][1]) if result else 0.0


@contextmanager
def running_rig() -> Iterator[Rig]:
    """Run everything for the block; it is up when it begins.

    Raises:
        CommandError: a program is missing, or does not come up.
    """
    for program in PROGRAMS:
        if shutil.which(program) is None:
            raise CommandError(f"{program} is not installed")
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="burnrate-scenario-"))
        folder = Path(name)
        nginx, status, first, second, prometheus, alertmanager = free_ports(6)
        receiver = stack.enter_context(running_receiver())
        rig = Rig(
            folder,
            nginx,
            stack.enter_context(HttpClient("prometheus", f"http://{LOOPBACK}:{prometheus}")),
            stack.enter_context(HttpClient("nginx", f"http://{LOOPBACK}:{status}")),
            receiver,
            (first, second),
        )
        stack.callback(rig.end)
        rig.behave({})
        for number in range(2):
            rig.start(number)
        _wait_for([first, second], folder)
        commands = {
            nginx: nginx_file(folder, nginx, status, rig.ports),
            alertmanager: alertmanager_file(folder, alertmanager, receiver.url),
            prometheus: prometheus_file(folder, prometheus, alertmanager, status, rig.ports),
        }
        for port, command in commands.items():
            process = _launched(command, folder / f"{Path(command[0]).name}.log", {})
            stack.callback(_end, process)
            _wait_for([port], folder)
            if port == nginx:
                rig.nginx_pid = process.pid
        yield rig


def _launched(
    command: Sequence[str], log: Path, environment: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own command
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=CHECKOUT,
            env=clean_environment(environment),
            start_new_session=True,
        )


def _wait_for(ports: Sequence[int], folder: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    left = list(ports)
    while left:
        left = [port for port in left if not _is_listening(port)]
        if time.monotonic() > deadline:
            tail = [
                line for log in folder.rglob("*log") for line in log.read_text().splitlines()[-5:]
            ]
            raise CommandError(f"nothing listens on {left}", log_tail=tail)
        time.sleep(_LOOK_SECONDS)


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def _tree(process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    try:
        parent = psutil.Process(process.pid)
        # The master first: it would start another worker in the place of one that is gone.
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _end(process: "subprocess.Popen[bytes]") -> None:
    # Nobody needs what they hold: no orderly end.
    for each in _tree(process):
        each.kill()
    process.wait()
