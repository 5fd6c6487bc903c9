"""One server process of a test: started on a free port, stopped by its id."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from tests.servers.groups import end_group, launch_group
from tests.support.waiting import PATIENCE_SECONDS, wait_until

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[2]


def is_listening(port: int) -> bool:
    """Tell whether somebody accepts connections on a loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


@contextmanager
def private_folder(owner: str | None = None) -> Iterator[Path]:
    """Make a folder for the block; outside pytest's, whose folders only their maker may enter."""
    with tempfile.TemporaryDirectory(prefix="burnrate-test-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if owner is not None and os.getuid() == 0:
            shutil.chown(folder, owner, owner)
        yield folder


class ServerProcess:
    """A process in the foreground, its output in a file.

    Args:
        command: The program and its arguments.
        log: Where its output goes, appended.
        env: Its whole environment; by default the test's.
        user: Who runs it when the test is root.
        cwd: Where it runs.
        port: Where it accepts connections once it is ready.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
        cwd: Path | None = None,
        port: int | None = None,
    ) -> None:
        self.log = log
        self._command = list(command)
        self._env = dict(env) if env is not None else None
        self._user = user if os.getuid() == 0 else None
        self._cwd = cwd
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Return the process id; the process must have been started."""
        assert self._process is not None
        return self._process.pid

    def launch(self) -> None:
        """Start it, again if need be, and wait for nothing; who calls this has to stop it."""
        assert not self.is_running()
        with self.log.open("ab") as output:
            self._process = launch_group(
                self._command,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._env,
                user=self._user,
                group=self._user,
                extra_groups=[] if self._user else None,
                cwd=self._cwd,
            )

    def start(self) -> None:
        """Start it and wait until it is ready; one that does not get ready is gone again."""
        self.launch()
        try:
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def wait_until_ready(self) -> None:
        """Return once it serves."""
        if self._port is not None:
            self.wait_listening(self._port)

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Run it for the block."""
        self.start()
        try:
            yield self
        finally:
            self.stop()

    def is_running(self) -> bool:
        """Tell whether it has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def send(self, signal_number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(signal_number)

    def stop(self, signal_number: signal.Signals = signal.SIGTERM) -> int:
        """End it with all it has started, and return its exit code."""
        return end_group(self._process, signal_number) if self._process is not None else 0

    def wait(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Return its exit code once it has ended by itself."""
        assert self._process is not None
        return self._process.wait(seconds)

    def wait_listening(self, port: int) -> None:
        """Return once it accepts connections on a port; fail as soon as it has ended."""

        def is_up_or_gone() -> bool:
            return is_listening(port) or not self.is_running()

        wait_until(is_up_or_gone, self._command[0])
        assert self.is_running(), self.output()

    def output(self) -> str:
        """Return the end of what it wrote."""
        return self.log.read_text(errors="replace")[-4_000:]
