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
from dataclasses import asdict
from typing import Any, Final

from api.backends.time_slices import OutOfTime
from api.documents.job import Job

# A tenth of the weight of who serves. Not the lowest: on a machine that is always busy that one
# would hardly ever run, and its documents end with their time.
_NICENESS: Final = 10


def main() -> None:
    """Analyse what the socket on stdin asks for, until its other end is gone."""
    # A signal for the whole group is for those who serve: documents in progress have an answer.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.nice(_NICENESS)
    with socket.socket(fileno=sys.stdin.fileno()) as peer, peer.makefile("rb") as jobs:
        for line in jobs:
            peer.sendall(json.dumps(_answer(Job(**json.loads(line)))).encode() + b"\n")


def _answer(job: Job) -> dict[str, Any] | None:
    try:
        return asdict(job.analyse())
    except OutOfTime:
        return None


if __name__ == "__main__":
    main()
