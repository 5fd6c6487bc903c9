"""Configuration rendered for where it is used: addresses, paths, files and what is mounted."""

from burnrate.stack.render.files import digest, write_files
from burnrate.stack.render.mounts import Mounts, find_mounts
from burnrate.stack.render.paths import PathMap
from burnrate.stack.render.renderer import Renderer

__all__ = ["Mounts", "PathMap", "Renderer", "digest", "find_mounts", "write_files"]
