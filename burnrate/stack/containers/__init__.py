"""The stack as containers: Docker Compose, with its failures in one line."""

from burnrate.stack.containers.engine import engine_problem
from burnrate.stack.containers.stack import ContainerStack

__all__ = ["ContainerStack", "engine_problem"]
