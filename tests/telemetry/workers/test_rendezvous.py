"""Whose children serve: the process that the folder of several workers is named after."""

import multiprocessing
import os
import sys
from types import ModuleType

import pytest

from burnrate.telemetry.workers import rendezvous

PARENT = 5_000_001
PROGRAM = [b"python", b"serve.py"]


@pytest.mark.parametrize(
    ("parent", "own", "is_starting_gunicorn", "expected"),
    [
        ([b"/bin/gunicorn", b"app"], [b"/bin/gunicorn", b"app"], True, "parent"),
        ([b"gunicorn: master [app]"], [b"gunicorn: worker [app]"], True, "parent"),
        (PROGRAM, PROGRAM, True, "parent"),  # a program of its own that starts gunicorn, forked
        ([b"bash"], PROGRAM, True, "itself"),  # the same, which loads the application before
        ([b"bash"], [b"uvicorn", b"app:app"], False, None),
        ([], [], False, None),  # no /proc
    ],
)
def test_the_server_is_found(
    monkeypatch: pytest.MonkeyPatch,
    parent: list[bytes],
    own: list[bytes],
    is_starting_gunicorn: bool,
    expected: str | None,
) -> None:
    """By its command; a process that nobody has started for that serves alone."""
    commands = {PARENT: parent, os.getpid(): own}
    monkeypatch.setattr(rendezvous, "_command_of", commands.__getitem__)
    monkeypatch.setattr(os, "getppid", lambda: PARENT)
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: None)
    monkeypatch.delitem(sys.modules, "gunicorn.app.base", raising=False)
    if is_starting_gunicorn:
        monkeypatch.setitem(sys.modules, "gunicorn.app.base", ModuleType("gunicorn.app.base"))
    pids = {"parent": PARENT, "itself": os.getpid(), None: None}
    assert rendezvous.server_pid() == pids[expected]
