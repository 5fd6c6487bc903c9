"""docker-compose.yml as a model: what a process needs to know of each service."""

from burnrate.stack.compose.model import Compose, Mount, Secret, Service, load_compose
from burnrate.stack.compose.networks import AddressPool

__all__ = ["AddressPool", "Compose", "Mount", "Secret", "Service", "load_compose"]
