"""Loki or Tempo with the repository's file, where the program is installed."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.compose.servers import ROOT
from tests.servers.groups import end_group, launch_group
from tests.support.waiting import wait_until


@contextmanager
def running(
    program: str, folder: Path, replacements: dict[str, str], ready_url: str
) -> Iterator[None]:
    """Run a program for the block, its file's texts replaced, and skip where it is missing."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed: its configuration is unchecked")
    text = (ROOT / program / f"{program}.yml").read_text(encoding="utf-8")
    for old, new in {
        "listen_address: 0.0.0.0": "listen_address: 127.0.0.1",
        **replacements,
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    configuration = folder / "configuration.yml"
    configuration.write_text(text, encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = launch_group(
            [found, f"-config.file={configuration}"], cwd="/", stdout=log, stderr=log
        )
    try:
        wait_until(lambda: _is_ready(ready_url, process, folder / "log"), every_seconds=0.5)
        yield
    finally:
        # Tempo can wait for ever for a search whose workers it has stopped already.
        end_group(process, seconds=20)


def _is_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text(errors="replace")[-2000:]
    try:
        return httpx2.get(url).status_code == 200
    except httpx2.TransportError:
        return False
