"""Whom parts run as where root starts the stack: users of their own, and what those may read."""

from burnrate.stack.processes.users.belongings import Belongings, give
from burnrate.stack.processes.users.users import NUMBERS, User, Users, find_users
from burnrate.stack.processes.users.views import View

__all__ = ["NUMBERS", "Belongings", "User", "Users", "View", "find_users", "give"]
