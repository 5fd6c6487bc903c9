"""Has long documents analysed in a process of its own, which comes after those who serve."""

import json
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final, Self

from api.backends.time_slices import OutOfTime
from api.documents.analysis import Statistics
from api.documents.job import Job

_MODULE: Final = "api.documents.worker"
_ROOT: Final = Path(__file__).parents[2]
# It counts its time itself, between two slices; whoever is stuck in one is ended.
_GRACE_SECONDS: Final = 2.0


class AnalystGone(Exception):
    """There is no process, or it ended amid a document: killed, or out of memory."""


class Analyst:
    """One process, started when it is first needed; one document at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: _Process | None = None

    def analyse(self, job: Job) -> Statistics:
        """Return the statistics of a document.

        Raises:
            OutOfTime: it takes too long.
            AnalystGone: the process is gone; the next document gets another one.
        """
        with self._lock:
            try:
                self._process = self._process or _Process.start()
                return self._process.analyse(job)
            except BaseException:
                self._end()
                raise

    def close(self) -> None:
        """End the process; waits for the document that it is at."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None


class _Process:
    def __init__(self, process: subprocess.Popen[bytes], peer: socket.socket) -> None:
        self._process = process
        self._socket = peer
        self._answers = peer.makefile("rb")

    @classmethod
    def start(cls) -> Self:
        ours, its = socket.socketpair()
        with its:
            try:
                command = [sys.executable, "-m", _MODULE]
                process = subprocess.Popen(command, stdin=its.fileno(), cwd=_ROOT)  # noqa: S603
            except OSError as error:
                ours.close()
                raise AnalystGone from error
        return cls(process, ours)

    def analyse(self, job: Job) -> Statistics:
        self._socket.settimeout(job.seconds + _GRACE_SECONDS)
        try:
            self._socket.sendall(json.dumps(asdict(job)).encode() + b"\n")
            answer = self._answers.readline()
        except TimeoutError as error:
            raise OutOfTime from error
        except OSError as error:
            raise AnalystGone from error
        if not answer.endswith(b"\n"):
            raise AnalystGone
        found = json.loads(answer)
        if found is None:
            raise OutOfTime
        keywords = [(word, count) for word, count in found["keywords"]]
        return Statistics(**{**found, "keywords": keywords})

    def end(self) -> None:
        with suppress(OSError):
            self._answers.close()
        self._socket.close()
        self._process.kill()
        self._process.wait()
