"""The stack as plain processes: docker-compose.yml interpreted, supervised, probed."""

from burnrate.stack.processes.inventory import missing_module_packages, missing_packages
from burnrate.stack.processes.packages import Packages, SystemRunner
from burnrate.stack.processes.programs import find_postgres_program, find_system_program
from burnrate.stack.processes.recovery import find_record
from burnrate.stack.processes.stack import ProcessStack
from burnrate.stack.processes.supervision import main_process_id

__all__ = [
    "Packages",
    "ProcessStack",
    "SystemRunner",
    "find_postgres_program",
    "find_record",
    "find_system_program",
    "main_process_id",
    "missing_module_packages",
    "missing_packages",
]
