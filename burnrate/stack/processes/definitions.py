"""What docker-compose.yml cannot say of a part that runs as a plain process."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from burnrate.stack.processes.probes import HttpProbe, PostgresProbe, Probe, RedisProbe

# By this ending the images' entry scripts know a file that holds a variable's value.
_FILES = ".*_FILE"
_NGINX_SCRIPT = rf"NGINX_(ENVSUBST|ENTRYPOINT)_.*|{_FILES}"


@dataclass(frozen=True)
class ProgramModule:
    """A module that a part's program loads, and can do without.

    Attributes:
        file: What is there if it is installed.
        package: Debian's.
        cost: What is lost without it, for people.
        folder: The part's files that need it, below /etc/burnrate; left out without it.
        target: What Prometheus can ask only with it.
    """

    file: Path
    package: str
    cost: str
    folder: str
    target: str


@dataclass(frozen=True)
class ProcessDefinition:
    """A part as a plain process.

    In texts `{redis_port}` and the like stand for the ports of this run, `{logs}` for the folder of
    logs, `{grafana_home}` for where Grafana's pages are.

    Attributes:
        program: Its name, as Debian has it.
        package: Debian's; None for a part that runs only where its program is installed.
        cost: What is lost without the program, for people.
        subcommand: What comes before the compose file's arguments.
        options: Set over the compose file's arguments.
        environment: Set over the compose file's environment.
        account: Whom root runs it as, where it insists on a user with a name.
        is_renewed: Whether SIGHUP has it become another program (telemetry/server/renewal.py).
        is_python: Whether it is of this virtual environment, and works in the checkout.
        stop_signal: Where the compose file names none; without its SIG.
        script_variables: A pattern of the variables that the image's entry script would read.
        handled_variables: Those of them that are read here too: by the program itself, or by what
            stands for the script (postgres.py).
        replacements: File or folder of the tree -> what takes its place outside a container.
        module: What the program loads besides.
    """

    program: str
    probe: Probe
    package: str | None = None
    cost: str = ""
    subcommand: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    account: str | None = None
    is_renewed: bool = False
    is_python: bool = False
    stop_signal: str = "TERM"
    script_variables: str = _FILES
    handled_variables: frozenset[str] = frozenset()
    replacements: Mapping[str, str] = field(default_factory=dict)
    module: ProgramModule | None = None

    def is_lost(self, variable: str) -> bool:
        """Return whether only the image's entry script would read the variable."""
        is_scripts = re.fullmatch(self.script_variables, variable) is not None
        return is_scripts and variable not in self.handled_variables


DEFINITIONS: Mapping[str, ProcessDefinition] = {
    "postgres": ProcessDefinition(
        program="postgres",
        package="postgresql",
        probe=PostgresProbe(),
        # TCP only: clients come that way, and a socket's path has 107 bytes at most.
        options=(
            ("-c", "listen_addresses=127.0.0.1"),
            ("-c", "port={postgres_port}"),
            ("-c", "unix_socket_directories="),
        ),
        account="postgres",
        # https://github.com/docker-library/docs/blob/master/postgres/README.md
        script_variables=rf"POSTGRES_.*|{_FILES}",
        handled_variables=frozenset(
            f"POSTGRES_{name}{ending}"
            for name in ("USER", "DB", "PASSWORD", "INITDB_ARGS")
            for ending in ("", "_FILE")
        ),
        stop_signal="INT",  # ends sessions; TERM would wait for them
    ),
    "redis": ProcessDefinition(
        program="redis-server",
        package="redis-server",
        probe=RedisProbe(),
        options=(("--bind", "127.0.0.1"), ("--port", "{redis_port}")),
    ),
    "api": ProcessDefinition(
        program="gunicorn",
        probe=HttpProbe("/health/ready"),
        # nginx comes from the loopback.
        environment={"FORWARDED_ALLOW_IPS": "127.0.0.1"},
        handled_variables=frozenset({"DATABASE_PASSWORD_FILE", "REDIS_PASSWORD_FILE"}),
        is_renewed=True,
        is_python=True,
    ),
    "inbox": ProcessDefinition(
        program="uvicorn",
        probe=HttpProbe("/health/ready"),
        options=(("--host", "127.0.0.1"), ("--port", "{inbox_port}")),
        handled_variables=frozenset(
            f"INBOX_{name}_FILE"
            for name in ("TOKEN", "MACHINE_PASSWORD", "FALLBACK_WEBHOOK_URL", "HEARTBEAT_URL")
        ),
        is_python=True,
    ),
    "nginx": ProcessDefinition(
        program="nginx",
        package="nginx",
        probe=HttpProbe("/stub_status", 8081),
        script_variables=_NGINX_SCRIPT,
        stop_signal="QUIT",  # finishes the requests it has
        # Debian 12's njs is older than shared dictionaries.
        replacements={"nginx/njs": "nginx/lua"},
        module=ProgramModule(
            file=Path("/usr/lib/nginx/modules/ngx_http_lua_module.so"),
            package="libnginx-mod-http-lua",
            cost="availability is not measured at the front door; burnrate stack install",
            folder="counting",
            target="nginx-status:8081",
        ),
    ),
    "door": ProcessDefinition(
        program="nginx",
        package="nginx",
        probe=HttpProbe("/-/door/health"),
        script_variables=_NGINX_SCRIPT,
        stop_signal="QUIT",
    ),
    "prometheus": ProcessDefinition(
        program="prometheus",
        package="prometheus",
        probe=HttpProbe("/prometheus/-/ready", has_login=True),
    ),
    "alertmanager": ProcessDefinition(
        program="prometheus-alertmanager",
        package="prometheus-alertmanager",
        probe=HttpProbe("/alertmanager/-/ready", has_login=True),
    ),
    "postgres-exporter": ProcessDefinition(
        program="prometheus-postgres-exporter",
        package="prometheus-postgres-exporter",
        probe=HttpProbe("/metrics", expected="pg_up 1"),
        handled_variables=frozenset(
            {"DATA_SOURCE_URI_FILE", "DATA_SOURCE_USER_FILE", "DATA_SOURCE_PASS_FILE"}
        ),
    ),
    "redis-exporter": ProcessDefinition(
        program="prometheus-redis-exporter",
        package="prometheus-redis-exporter",
        probe=HttpProbe("/metrics", expected="redis_up 1"),
        handled_variables=frozenset({"REDIS_PASSWORD_FILE"}),
    ),
    "nginx-exporter": ProcessDefinition(
        program="prometheus-nginx-exporter",
        package="prometheus-nginx-exporter",
        probe=HttpProbe("/metrics", expected="nginx_up 1"),
    ),
    "node-exporter": ProcessDefinition(
        program="prometheus-node-exporter",
        package="prometheus-node-exporter",
        probe=HttpProbe("/metrics"),
        options=(("--collector.textfile.directory", "{heartbeat}"),),
    ),
    "grafana": ProcessDefinition(
        program="grafana",
        probe=HttpProbe("/api/health"),
        cost="no dashboards; Prometheus' own page shows the same series",
        subcommand=("server", "--homepath", "{grafana_home}"),
        environment={
            "GF_SERVER_HTTP_ADDR": "127.0.0.1",
            "GF_SERVER_HTTP_PORT": "{grafana_port}",
            # Only here is it known where the door comes from.
            "GF_AUTH_PROXY_WHITELIST": "127.0.0.1",
        },
        # The image's run.sh, which knows them, passes them on in other forms.
        script_variables=(rf"GF_PATHS_(HOME|CONFIG)|GF_INSTALL_PLUGINS|GF_AWS_PROFILES|{_FILES}"),
    ),
    "loki": ProcessDefinition(
        program="loki",
        probe=HttpProbe("/ready"),
        cost="no log search; logs are in {logs}",
        options=(
            ("-server.grpc-listen-address", "127.0.0.1"),
            ("-server.grpc-listen-port", "{loki_grpc_port}"),
        ),
    ),
    "tempo": ProcessDefinition(
        program="tempo",
        probe=HttpProbe("/ready"),
        cost="no traces are kept; log lines still have their trace id",
        options=(("-server.grpc-listen-port", "{tempo_grpc_port}"),),
    ),
    "alloy": ProcessDefinition(
        program="alloy",
        probe=HttpProbe("/-/ready"),
        cost="no logs are shipped; they are in {logs}",
        environment={"BURNRATE_LOG_DIRECTORY": "{logs}"},
        replacements={"alloy/containers.alloy": "alloy/processes.alloy"},
    ),
}
