"""The coordinator's side of a bench worker: start it, ask it, end it."""

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from burnrate.cli import CommandError

CHECKOUT: Final = Path(__file__).parents[2]
# A round takes a second; what takes this long hangs.
_ANSWER_SECONDS: Final = 120.0
_END_SECONDS: Final = 5.0
_TAIL_LINES: Final = 8
# Settings of whoever runs the bench must not turn on in the bare application what is measured.
_FOREIGN: Final = ("OTEL_", "TELEMETRY_", "PROMETHEUS_")


@dataclass(frozen=True)
class Reading:
    """What one round of one subject cost, all threads, user and system."""

    cpu_seconds: float
    wall_seconds: float
    extra: Mapping[str, float] = field(default_factory=dict)


class Worker:
    """One worker process; as a context it is ended, whatever happens."""

    def __init__(
        self,
        subject: str,
        environment: Mapping[str, str] | None = None,
        checkout: Path = CHECKOUT,
    ) -> None:
        self.subject = subject
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._process = subprocess.Popen(  # noqa: S603 - this module, in this interpreter
            [sys.executable, "-m", "bench.measuring.measured_worker", subject],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=checkout,  # where `bench` and `burnrate` are found
            env=clean_environment(environment or {}),
            start_new_session=True,  # Ctrl-C is for the coordinator, which then ends its workers
        )
        self._is_ready = False

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def __enter__(self) -> Self:
        """Return the worker; it may still be starting."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the process."""
        self.close()

    def wait_until_ready(self) -> None:
        """Wait until it has imported everything and made its subject.

        Raises:
            CommandError: it has ended, or takes too long.
        """
        if not self._is_ready:
            self._read()
            self._is_ready = True

    def measure(self, count: int) -> Reading:
        """Have the subject run `count` times.

        Raises:
            CommandError: it has ended, or takes too long.
        """
        self.wait_until_ready()
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        with contextlib.suppress(BrokenPipeError):  # reading says better what happened
            self._process.stdin.write(b"%d\n" % count)
        values = self._read()
        return Reading(values.pop("cpu_seconds"), values.pop("wall_seconds"), values)

    def close(self) -> None:
        """End it: first by the end of its commands, at last by force."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        end(self._process, is_asked=False)
        self._errors.close()

    def _read(self) -> dict[str, float]:
        output = self._process.stdout
        assert output is not None  # noqa: S101 - asked for above
        readable, _, _ = select.select([output], [], [], _ANSWER_SECONDS)
        line = output.readline() if readable else b""
        if line:
            values: dict[str, float] = json.loads(line)
            return values
        what = "ended" if readable else f"did not answer for {_ANSWER_SECONDS:.0f} s"
        self._errors.seek(0)
        tail = self._errors.read().decode(errors="replace").splitlines()[-_TAIL_LINES:]
        raise CommandError(f"the bench worker {self.subject} {what}", log_tail=tail)


def clean_environment(wanted: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without telemetry settings, and with the wanted ones."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)}
    return {**kept, **wanted}


def end(process: "subprocess.Popen[bytes]", *, is_asked: bool) -> None:
    """Wait for a process of ours to end, and kill it if it stays.

    Args:
        process: The process.
        is_asked: Ask it to stop first; a worker ends by the end of its commands.
    """
    if is_asked:
        process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def python_path(folder: Path | None) -> dict[str, str]:
    """Return the variable that lets a child import from `folder` as well."""
    if folder is None:
        return {}
    before = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": f"{folder}{os.pathsep}{before}" if before else str(folder)}
