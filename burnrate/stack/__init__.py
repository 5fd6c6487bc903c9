"""The stack of docker-compose.yml, started, stopped and looked at, as containers or processes."""

from burnrate.stack.addresses import BEHIND_THE_DOOR, ENDPOINTS, LOOPBACK, PARTS, AddressMap
from burnrate.stack.compose import (
    NOBODY,
    Compose,
    Service,
    chosen_receivers,
    load_compose,
    team_of_receiver,
)
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout, container_layout, find_checkout, is_open_to_all
from burnrate.stack.logins import login_links, login_of
from burnrate.stack.notified import alertmanager_of
from burnrate.stack.ports import free_port, free_ports
from burnrate.stack.processes import (
    Packages,
    ProcessStack,
    SystemRunner,
    find_postgres_program,
    find_system_program,
    main_process_id,
)
from burnrate.stack.protocol import Stack, Verb
from burnrate.stack.session import Session
from burnrate.stack.stack_record import Mode
from burnrate.stack.status import PartStatus

__all__ = [
    "BEHIND_THE_DOOR",
    "ENDPOINTS",
    "LOOPBACK",
    "NOBODY",
    "PARTS",
    "AddressMap",
    "Compose",
    "Layout",
    "Mode",
    "Packages",
    "PartStatus",
    "ProcessStack",
    "Service",
    "Session",
    "Stack",
    "StackError",
    "SystemRunner",
    "Verb",
    "alertmanager_of",
    "chosen_receivers",
    "container_layout",
    "find_checkout",
    "find_postgres_program",
    "find_system_program",
    "free_port",
    "free_ports",
    "is_open_to_all",
    "load_compose",
    "login_links",
    "login_of",
    "main_process_id",
    "team_of_receiver",
]
