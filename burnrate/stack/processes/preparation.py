"""The folders and secrets that must exist before processes can start. Idempotent."""

from burnrate.stack.addresses import AddressMap
from burnrate.stack.compose import Compose
from burnrate.stack.data import data_directories
from burnrate.stack.layout import Layout, make_directory
from burnrate.stack.processes.supervision import heartbeat_folder
from burnrate.stack.secrets import make_secrets


def make_state(layout: Layout, compose: Compose, addresses: AddressMap, door: str = "") -> None:
    """Create the state directory with its secrets and one data folder for each part.

    Args:
        layout: Where it is.
        compose: Which secrets and data folders there are.
        addresses: Of Redis, for the exporter's file of passwords.
        door: The door's address as people know it.

    Raises:
        StackError: a secret that only a person can know has no file.
    """
    for directory in (layout.state, layout.data, layout.etc, layout.run):
        make_directory(directory, 0o755)
    make_directory(heartbeat_folder(layout), 0o755)
    # Logs tell about clients.
    make_directory(layout.logs, 0o700)
    make_secrets(layout.secrets, compose.secrets, addresses, door)
    for directory in data_directories(layout, compose):
        if not directory.exists():
            make_directory(directory, 0o700)
