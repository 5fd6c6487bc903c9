"""Configuration rendered for where it is used: team settings, addresses, paths, mounted files."""

from burnrate.stack.render.candidates import (
    NEXT,
    clear_candidate,
    put_back,
    take_candidate,
    write_candidate,
)
from burnrate.stack.render.configured import (
    TEAM_RECEIVERS,
    Sources,
    read_configuration,
    read_sources,
    variables_of,
    with_secrets,
)
from burnrate.stack.render.door import has_login
from burnrate.stack.render.files import digest, shown, write_files
from burnrate.stack.render.instances import container_instance_files, instance_files
from burnrate.stack.render.mounts import Mounts, find_mounts
from burnrate.stack.render.paths import PathMap
from burnrate.stack.render.renderer import Renderer

__all__ = [
    "NEXT",
    "TEAM_RECEIVERS",
    "Mounts",
    "PathMap",
    "Renderer",
    "Sources",
    "clear_candidate",
    "container_instance_files",
    "digest",
    "find_mounts",
    "has_login",
    "instance_files",
    "put_back",
    "read_configuration",
    "read_sources",
    "shown",
    "take_candidate",
    "variables_of",
    "with_secrets",
    "write_candidate",
    "write_files",
]
