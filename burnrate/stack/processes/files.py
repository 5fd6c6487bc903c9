"""What a start writes: each part's configuration and start script, and supervisord's file."""

from collections.abc import Iterable

from burnrate.stack.layout import Layout, make_directory
from burnrate.stack.processes.rendering import RenderedPart
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
    write_files(layout.etc / part.name, part.files)
    path = layout.run / f"{part.name}.sh"
    path.write_text(start_script(part.program, leader_file(layout, part.name)), encoding="utf-8")
    path.chmod(0o644)


def write_configuration(layout: Layout, parts: Iterable[RenderedPart]) -> bool:
    """Write supervisord.conf for `parts`; returns whether that changed it."""
    path = configuration_file(layout)
    text = configuration(layout, (part.program for part in parts))
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8")
    return True
