"""What a start writes: each part's configuration and start script, and supervisord's file."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from burnrate.stack.layout import Layout, make_directory
from burnrate.stack.processes.rendering import PROGRAM_VARIABLE, RenderedPart
from burnrate.stack.processes.supervision import (
    configuration,
    configuration_file,
    leader_file,
    start_script,
)
from burnrate.stack.render import write_files


def write_part(layout: Layout, part: RenderedPart) -> None:
    """Write a part's configuration files and its start script."""
    make_directory(layout.run / part.name, 0o711)
    write_files(layout.etc / part.name, part.files, mode=_mode(part))
    let_read_files(layout, part)
    for path, text in _start_files(layout, part).items():
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)


def let_read_files(layout: Layout, part: RenderedPart) -> None:
    """Let a part's user read its files where others may not: secrets stand in them."""
    folder, user = layout.etc / part.name, part.program.user
    if user is not None and part.has_secrets and folder.is_dir():
        os.chown(folder, 0, user.gid)
        folder.chmod(_mode(part))


def _mode(part: RenderedPart) -> int:
    if not part.has_secrets:
        return 0o755
    return 0o700 if part.program.user is None else 0o750


@contextmanager
def written_if_it_starts(layout: Layout, part: RenderedPart) -> Iterator[None]:
    """Write how a part starts from now on; after an error in the block it is as it was."""
    files = _start_files(layout, part)
    before = {path: path.read_text(encoding="utf-8") for path in files if path.exists()}
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    try:
        yield
    except BaseException:
        for path, text in before.items():
            path.write_text(text, encoding="utf-8")
        raise


def _start_files(layout: Layout, part: RenderedPart) -> dict[Path, str]:
    script = start_script(part.program, leader_file(layout, part.name))
    files = {layout.run / f"{part.name}.sh": script}
    if path := part.program.environment.get(PROGRAM_VARIABLE):
        described = {
            "arguments": part.program.arguments,
            "environment": dict(part.program.environment),
        }
        files[Path(path)] = json.dumps(described, indent=1)
    return files


def write_configuration(layout: Layout, parts: Iterable[RenderedPart]) -> bool:
    """Write supervisord.conf for `parts`; returns whether that changed it."""
    path = configuration_file(layout)
    text = configuration(layout, (part.program for part in parts))
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8")
    return True
