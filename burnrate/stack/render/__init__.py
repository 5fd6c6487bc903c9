"""Configuration rendered for where it is used: team settings, addresses, paths, mounted files."""

from burnrate.stack.render.candidates import (
    NEXT,
    clear_candidate,
    put_back,
    take_candidate,
    write_candidate,
)
from burnrate.stack.render.configured import (
    Sources,
    read_configuration,
    read_sources,
    variables_of,
)
from burnrate.stack.render.door import has_login
from burnrate.stack.render.files import digest, shown, write_files
from burnrate.stack.render.mounts import Mounts, find_mounts
from burnrate.stack.render.paths import PathMap
from burnrate.stack.render.renderer import Renderer

__all__ = [
    "NEXT",
    "Mounts",
    "PathMap",
    "Renderer",
    "Sources",
    "clear_candidate",
    "digest",
    "find_mounts",
    "has_login",
    "put_back",
    "read_configuration",
    "read_sources",
    "shown",
    "take_candidate",
    "variables_of",
    "write_candidate",
    "write_files",
]
