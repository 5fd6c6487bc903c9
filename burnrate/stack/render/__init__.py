"""Configuration rendered for where it is used: team settings, addresses, paths, mounted files."""

from burnrate.stack.render.configured import (
    Sources,
    read_configuration,
    read_sources,
    variables_of,
)
from burnrate.stack.render.files import digest, write_files
from burnrate.stack.render.mounts import Mounts, find_mounts
from burnrate.stack.render.paths import PathMap
from burnrate.stack.render.renderer import Renderer

__all__ = [
    "Mounts",
    "PathMap",
    "Renderer",
    "Sources",
    "digest",
    "find_mounts",
    "read_configuration",
    "read_sources",
    "variables_of",
    "write_files",
]
