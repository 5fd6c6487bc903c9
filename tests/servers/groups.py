"""A program of a test and all it starts: one group of processes, which ends as a whole."""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from tests.support.waiting import PATIENCE_SECONDS


def launch_group(command: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":  # noqa: ANN401 - Popen's
    """Start a program as the leader of a group, with options of Popen.

    It is also asked to end when the tests die without having ended it.
    """
    setpriv = shutil.which("setpriv")
    prefix = [setpriv, "--pdeathsig", "TERM", "--"] if setpriv is not None else []
    options = {"stdin": subprocess.DEVNULL, **options}
    return subprocess.Popen([*prefix, *command], start_new_session=True, **options)


def end_group(
    leader: "subprocess.Popen[bytes]",
    signal_number: signal.Signals = signal.SIGTERM,
    seconds: float = PATIENCE_SECONDS,
) -> int:
    """End what `launch_group` started; kill whatever of it is left then or does not end in time.

    Returns:
        The leader's exit code.
    """
    try:
        if leader.poll() is None:
            leader.send_signal(signal_number)
            # A stopped process takes note of a signal only when it goes on.
            leader.send_signal(signal.SIGCONT)
        return leader.wait(seconds)
    except subprocess.TimeoutExpired:
        leader.kill()
        return leader.wait()
    finally:
        # A group keeps its number for as long as anyone is in it.
        with suppress(ProcessLookupError):
            os.killpg(leader.pid, signal.SIGKILL)
