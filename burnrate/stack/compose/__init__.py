"""docker-compose.yml as a model: what a process needs to know of each service."""

from burnrate.stack.compose.model import (
    CONFIGURATION,
    SECRETS,
    SETUP,
    Compose,
    Mount,
    Service,
    load_compose,
)
from burnrate.stack.compose.networks import AddressPool
from burnrate.stack.compose.receivers import (
    NOBODY,
    chosen_receivers,
    of_team,
    receiver_name,
    receiver_secret,
    team_of_receiver,
)

__all__ = [
    "CONFIGURATION",
    "NOBODY",
    "SECRETS",
    "SETUP",
    "AddressPool",
    "Compose",
    "Mount",
    "Service",
    "chosen_receivers",
    "load_compose",
    "of_team",
    "receiver_name",
    "receiver_secret",
    "team_of_receiver",
]
