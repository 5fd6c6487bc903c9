"""What supervisord is given: its configuration, and the script that starts a part."""

import configparser
import io
import os
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from burnrate.process_reaper import make_reaper
from burnrate.stack.layout import Layout
from burnrate.stack.processes.users import User
from burnrate.supervisor_heartbeat import FOLDER, make_heartbeat

# supervisord waits one second longer after each failure; this many are more than a week.
_RESTARTS = 1000
_SCRIPT = """\
#!/bin/sh
# Written by `burnrate stack`: how it starts {name} here.
read -r stat < /proc/$$/stat
set -- $stat
echo "$1 ${{22}} $6" > {new_leader} && mv -f {new_leader} {leader}
{clean}cd {directory} || exit 1
ulimit -n 65536 2> /dev/null || ulimit -n "$(ulimit -Hn)"
{output}exec {as_user}env -i \\
{environment}  {arguments}
"""


@dataclass(frozen=True)
class SupervisedProgram:
    """A program as supervisord and its start script need it.

    Attributes:
        arguments: The program's path and what follows it.
        environment: All of it; nothing is inherited.
        directory: Where it works.
        user: Whom root runs it as; None for the user who runs supervisord.
        temporary_directories: Emptied at each start.
        stop_signal: Without its SIG: `TERM`.
        grace_seconds: From the stop signal to SIGKILL.
    """

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    user: User | None
    temporary_directories: tuple[Path, ...]
    stop_signal: str
    grace_seconds: float

    @property
    def numbered_user(self) -> User | None:
        """Its user, if that has no account: supervisord asks for one, so the start script acts."""
        return self.user if self.user is not None and self.user.account is None else None


def heartbeat_folder(layout: Layout) -> Path:
    """Return where supervisord says that it is there, for node-exporter to read."""
    return layout.run / FOLDER


def start_script(program: SupervisedProgram, leader: Path) -> str:
    """Return the shell script that becomes the program's main process.

    Args:
        program: What it starts.
        leader: The file in which the script notes `pid start session` of that process.
    """
    user = program.numbered_user
    owner = f"{user.uid}:{user.gid}" if user else ""
    temporary = shlex.join(str(path) for path in program.temporary_directories)
    clean = f"rm -rf -- {temporary}\nmkdir -p -m 0711 -- {temporary}\n" if temporary else ""
    clean += f"chown {owner} -- {temporary}\n" if temporary and owner else ""
    as_user = user.command(program.directory) if user else ()
    environment = (f"  {shlex.quote(f'{k}={v}')} \\\n" for k, v in program.environment.items())
    return _SCRIPT.format(
        name=program.name,
        # In one step: who reads it finds this process or the one before, never half a line.
        leader=shlex.quote(str(leader)),
        new_leader=shlex.quote(f"{leader}.new"),
        clean=clean,
        # Root's pipe to supervisord, which nginx opens by its path.
        output=f"chown {owner} /dev/stdout /dev/stderr\n" if owner else "",
        as_user="".join(f"{word} " for word in map(shlex.quote, as_user)),
        directory=shlex.quote(str(program.directory)),
        environment="".join(environment),
        arguments=shlex.join(program.arguments),
    )


def configuration(layout: Layout, programs: Iterable[SupervisedProgram]) -> str:
    """Return supervisord.conf for `layout.run`; paths are relative to it, so none needs quoting."""
    config = configparser.RawConfigParser()
    config.read_dict(
        {
            "unix_http_server": {"file": _literal(str(layout.socket())), "chmod": "0700"},
            "supervisord": {
                "logfile": "%(here)s/../logs/supervisord.log",
                "logfile_maxbytes": "5MB",
                "logfile_backups": "2",
                "pidfile": "%(here)s/supervisord.pid",
                "childlogdir": "%(here)s",
                "umask": "022",
                # Said aloud, or supervisord warns at each start.
                **({"user": "root"} if os.geteuid() == 0 else {}),
            },
            "rpcinterface:supervisor": {
                "supervisor.rpcinterface_factory": (
                    "supervisor.rpcinterface:make_main_rpcinterface"
                )
            },
            "rpcinterface:reaper": {
                "supervisor.rpcinterface_factory": (
                    f"{make_reaper.__module__}:{make_reaper.__name__}"
                )
            },
            "rpcinterface:heartbeat": {
                "supervisor.rpcinterface_factory": (
                    f"{make_heartbeat.__module__}:{make_heartbeat.__name__}"
                )
            },
        }
    )
    for program in programs:
        config[f"program:{program.name}"] = _section(program)
    text = io.StringIO()
    config.write(text)
    return text.getvalue()


def _section(program: SupervisedProgram) -> dict[str, str]:
    return {
        "command": f'/bin/sh "%(here)s/{program.name}.sh"',
        "autostart": "false",
        "autorestart": "true",
        "startretries": str(_RESTARTS),
        "stopsignal": program.stop_signal,
        "stopwaitsecs": str(max(1, round(program.grace_seconds))),
        # The stop signal goes to the main process, which tells its own; SIGKILL tells nobody.
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": f"%(here)s/../logs/{program.name}.log",
        # 40 MB a part at most.
        "stdout_logfile_maxbytes": "20MB",
        "stdout_logfile_backups": "1",
        **({"user": program.user.account} if program.user and program.user.account else {}),
    }


def _literal(text: str) -> str:
    return text.replace("%", "%%")
