"""What must exist before processes can start, and the parts as they are to be started."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from burnrate.stack.addresses import AddressMap, instance_names, kind_of
from burnrate.stack.compose import Compose
from burnrate.stack.data import data_directories
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout, make_directory
from burnrate.stack.processes.definitions import DEFINITIONS
from burnrate.stack.processes.files import let_read_files
from burnrate.stack.processes.inventory import Inventory, take_inventory
from burnrate.stack.processes.rendering import PartRenderer, RenderedPart
from burnrate.stack.processes.supervision import heartbeat_folder
from burnrate.stack.processes.users import NUMBERS, User, Users, find_users, give
from burnrate.stack.render import Sources, instance_files, read_sources
from burnrate.stack.secrets import make_secrets

# Reads what the others print.
_LOG_READER = "alloy"


@dataclass(frozen=True)
class Preparation:
    """Makes what a checkout's processes need, and renders them.

    Attributes:
        settings: The user's.
    """

    layout: Layout
    compose: Compose
    addresses: AddressMap
    settings: Mapping[str, str]

    @cached_property
    def users(self) -> Users:
        """Whom parts run as, where root starts them; raises StackError as `find_users` does."""
        if os.geteuid() != 0:
            return Users({})
        names = [name for name in self.compose.parts if kind_of(name) in NUMBERS]
        python = [name for name in names if DEFINITIONS[kind_of(name)].is_python]
        return find_users(self.layout, self.settings, names, python)

    def make_state(self) -> None:
        """Create the state directory with its secrets and one data folder for each part.

        Raises:
            StackError: a secret that only a person can know has no file.
        """
        door = self.settings.get("INBOX_URL", "")
        reader = self.users.by_part.get(_LOG_READER)
        make_state(self.layout, self.compose, self.addresses, door, reader)

    def parts(self, inventory: Inventory) -> dict[str, RenderedPart]:
        """Return the parts that can run here, with what a check of their files reads in place.

        Raises:
            StackError: the compose file asks for what no process can have.
        """
        found = self._renderer(inventory).all()
        _let_read(self.layout, found.values())
        return found

    def part(self, name: str) -> RenderedPart:
        """Return one part, as `parts` does; raises StackError for one that cannot run here, too."""
        inventory = take_inventory(self.layout, self.compose)
        if name not in inventory.programs:
            raise StackError(f"{name} cannot run here: its program is not found")
        found = self._renderer(inventory).part(name)
        _let_read(self.layout, [found])
        return found

    def _renderer(self, inventory: Inventory) -> PartRenderer:
        sources = read_sources(self.layout.checkout, self.settings)
        names = instance_names(self.settings)
        made = instance_files(sources.checkout, sources.configured, names)
        sources = Sources(sources.checkout, {**sources.configured, **made})
        return PartRenderer(
            sources, self.layout, self.compose, self.addresses, inventory, self.users
        )


def hand_over(part: RenderedPart) -> None:
    """Give a part that is about to start what is its own."""
    if user := part.program.numbered_user:
        give(part.belongings, user)


def _let_read(layout: Layout, parts: Iterable[RenderedPart]) -> None:
    """Give parts their secrets, and what was another user's: those that run may be asked soon."""
    for part in parts:
        own = part.belongings
        if user := part.program.numbered_user:
            folders = (each for each in own.folders if each.is_dir())
            foreign = tuple(each for each in folders if each.stat().st_uid != user.uid)
            give(replace(own, folders=foreign), user)
            let_read_files(layout, part)


def make_state(
    layout: Layout,
    compose: Compose,
    addresses: AddressMap,
    door: str = "",
    log_reader: User | None = None,
) -> None:
    """Create the state directory with its secrets and one data folder for each part.

    Args:
        layout: Where it is.
        compose: Which secrets and data folders there are.
        addresses: Of Redis, for the exporter's file of passwords.
        door: The door's address as people know it.
        log_reader: Who besides its owner reads the logs.

    Raises:
        StackError: a secret that only a person can know has no file.
    """
    for directory in (layout.state, layout.data, layout.etc, layout.run):
        make_directory(directory, 0o755)
    make_directory(heartbeat_folder(layout), 0o755)
    # Logs tell about clients.
    make_directory(layout.logs, 0o750 if log_reader else 0o700)
    if log_reader:
        os.chown(layout.logs, 0, log_reader.gid)
    make_secrets(layout.secrets, compose.secrets, addresses, door)
    for directory in data_directories(layout, compose):
        if not directory.exists():
            make_directory(directory, 0o700)
