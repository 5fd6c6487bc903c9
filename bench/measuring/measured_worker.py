"""The process that holds one subject: a line in says how often, a line out says what it cost.

Each subject has a process of its own, so that none pays for what another imported, patched or
left on the heap. Run as `python -m bench.measuring.measured_worker <subject>`; stdout is the pipe
of replies, and what the subject itself prints goes to /dev/null.
"""

import gc
import json
import os
import sys
import time
import traceback
from typing import BinaryIO

from bench.measuring.registry import make_subject
from bench.measuring.subjects import Subject


def main() -> None:
    """Serve one subject until the commands end."""
    commands, replies = _take_pipes()
    subject = make_subject(sys.argv[1])
    _reply(replies, {})
    for line in commands:
        _reply(replies, _measure(subject, int(line)))
    subject.close()


def _measure(subject: Subject, count: int) -> dict[str, float]:
    subject.prepare(count)
    gc.collect()  # garbage of earlier rounds is no cost of this one
    wall, cpu = time.perf_counter(), time.process_time()  # user and system, all threads
    subject.run(count)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu_seconds": cpu, "wall_seconds": wall, **subject.extra()}


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep stdin and stdout for the coordinator; the subject gets /dev/null instead."""
    commands, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return commands, replies


def _reply(replies: BinaryIO, values: dict[str, float]) -> None:
    replies.write(json.dumps(values).encode() + b"\n")
    replies.flush()


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # noqa: BLE001 - whatever it is, the coordinator shows it
        # An instrumented process would log it as JSON, to /dev/null.
        traceback.print_exception(error, file=sys.stderr)
        sys.exit(1)
