"""docker-compose.yml as a model: what a process needs to know of each service."""

from burnrate.stack.compose.model import Compose, Mount, Secret, Service, load_compose

__all__ = ["Compose", "Mount", "Secret", "Service", "load_compose"]
