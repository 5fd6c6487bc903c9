"""The process in which long documents are analysed: `python -m api.documents.worker`.

Its work would take the event loop's GIL and, document after document, the processor from whoever
serves requests. Here it has neither: the scheduler gives it what others leave. It imports little,
since each of the service's workers has one.
"""

import json
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from api.backends.time_slices import OutOfTime
from api.documents.job import Job

# A tenth of the weight of who serves. Not the lowest: on a machine that is always busy that one
# would hardly ever run, and its documents end with their time.
_NICENESS: Final = 10
_AUTOGROUP: Final = Path("/proc/self/autogroup")
_ATTEMPTS: Final = 50
_ATTEMPT_SECONDS: Final = 0.1


def main() -> None:
    """Analyse what the socket on stdin asks for, until its other end is gone."""
    # A signal for the whole group is for those who serve: documents in progress have an answer.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _step_back()
    with (
        socket.socket(fileno=sys.stdin.fileno()) as peer,
        peer.makefile("rb") as jobs,
        # Nobody waits for the answer any more.
        suppress(ConnectionError),
    ):
        for line in jobs:
            peer.sendall(json.dumps(_answer(Job(**json.loads(line)))).encode() + b"\n")


def _step_back() -> None:
    """Take the processor after all others, those of other sessions too.

    Where the scheduler groups processes by session (https://man7.org/linux/man-pages/man7/sched.7.html,
    "The autogroup feature"), a process' own niceness only counts among those of its session, while
    the group of a service whose documents are analysed would take the processor from PostgreSQL's
    as if it served requests.
    """
    os.nice(_NICENESS)
    with suppress(PermissionError):  # the first of its group already
        os.setsid()
    for _ in range(_ATTEMPTS):
        try:
            _AUTOGROUP.write_text(str(_NICENESS), encoding="ascii")
        except BlockingIOError:
            # All processes of the machine together may do so ten times a second.
            time.sleep(_ATTEMPT_SECONDS)
        except OSError:
            return  # no such groups: a container, or another kernel
        else:
            return


def _answer(job: Job) -> dict[str, Any] | None:
    try:
        return asdict(job.analyse())
    except OutOfTime:
        return None


if __name__ == "__main__":
    main()
