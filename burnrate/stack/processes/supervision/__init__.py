"""Plain processes under supervisord: how it starts them, what it says of them, and their end."""

from burnrate.stack.processes.supervision.files import (
    SupervisedProgram,
    configuration,
    heartbeat_folder,
    start_script,
)
from burnrate.stack.processes.supervision.ownership import (
    end_part,
    end_process,
    is_alive,
    leader_file,
    main_process_id,
    members,
)
from burnrate.stack.processes.supervision.supervisor import (
    ProcessInfo,
    Supervisor,
    configuration_file,
    pid_file,
    start_supervisor,
)

__all__ = [
    "ProcessInfo",
    "SupervisedProgram",
    "Supervisor",
    "configuration",
    "configuration_file",
    "end_part",
    "end_process",
    "heartbeat_folder",
    "is_alive",
    "leader_file",
    "main_process_id",
    "members",
    "pid_file",
    "start_script",
    "start_supervisor",
]
