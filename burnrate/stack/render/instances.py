"""What the other parts' files say of the instances of the service."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from burnrate.stack.addresses import INSTANCES_VARIABLE, MANIFOLD
from burnrate.stack.errors import StackError

_NGINX: Final = Path("nginx/nginx.conf")
_PROMETHEUS: Final = Path("prometheus/prometheus.yml")
_POSTGRES: Final = Path("postgres/postgresql.conf")
# What docker-compose.yml lets one instance have (DATABASE_POOL_MAX).
_CONNECTIONS: Final = 50
_SERVER: Final = re.compile(r"^( *)server (\w+:\d+);\n", re.MULTILINE)
_TARGET: Final = re.compile(r'targets: \["(api:\d+)"\]')
# The same of containers, where each target says which instance it is.
_NAMED_SERVER: Final = re.compile(rf"^( *)server ({MANIFOLD}:\d+);\n", re.MULTILINE)
_NAMED_TARGET: Final = re.compile(
    rf'^( *)- targets: \["{MANIFOLD}:(\d+)"\]\n *labels: \{{(.*)\}}\n', re.MULTILINE
)
# Docker's own resolver answers for all that run. It says that it may be believed for 600 s.
_RESOLVER: Final = "resolver 127.0.0.11 valid=1s ipv6=off;"
# A reload, of which a replacement has several, closes idle connections, also one that a client
# is just writing into. nginx waits that long for it since 1.27.4.
_IDLE: Final = re.compile(r"^( *)keepalive_timeout 65s;\n", re.MULTILINE)
_MAXIMUM: Final = re.compile(r"^(max_connections = )(\d+)", re.MULTILINE)

# A file's one place for them, and what is put there.
_Edits = Mapping[Path, tuple[re.Pattern[str], Callable[[re.Match[str]], str]]]


def instance_files(
    checkout: Path, made: Mapping[Path, str], names: Sequence[str]
) -> dict[Path, str]:
    """Return the files that name the service's instances, by their paths in the checkout.

    Args:
        checkout: Where they are.
        made: Those that are rendered already.
        names: Of the instances, as addresses have them; nothing changes for one.

    Raises:
        StackError: a file has no place for several.
    """
    if len(names) == 1:
        return {}
    edits: _Edits = {
        _NGINX: (_SERVER, lambda found: _servers(found, names)),
        _PROMETHEUS: (_TARGET, lambda found: _targets(found, names)),
        _POSTGRES: (_MAXIMUM, lambda found: _maximum(found, len(names))),
    }
    return _edited(checkout, made, edits, len(names))


def container_instance_files(
    checkout: Path, made: Mapping[Path, str], names: Sequence[str], project: str
) -> dict[Path, str]:
    """Return the files that name the service's instances, as containers find them.

    nginx asks the engine for the addresses behind the service's name, again and again. Prometheus
    asks each container by its own name, and calls it as the instance is called as a process.

    Args:
        checkout: Where they are.
        made: Those that are rendered already.
        names: Of the instances; of one, a file without a place for it stays as it is.
        project: Compose's, with which containers' names begin.

    Raises:
        StackError: a file has no place for several.
    """
    edits: _Edits = {
        _NGINX: (_NAMED_SERVER, _followed),
        _PROMETHEUS: (_NAMED_TARGET, lambda found: _named_targets(found, names, project)),
        _POSTGRES: (_MAXIMUM, lambda found: _maximum(found, len(names))),
    }
    files = _edited(checkout, made, edits, len(names))
    if _NGINX in files:
        files[_NGINX] = _IDLE.sub(r"\g<0>\1keepalive_min_timeout 2s;\n", files[_NGINX])
    return files


def _edited(checkout: Path, made: Mapping[Path, str], edits: _Edits, count: int) -> dict[Path, str]:
    files = {}
    for path, (pattern, edit) in edits.items():
        source = checkout / path
        # What is missing is told by who needs it.
        text = made.get(path) or (source.read_text(encoding="utf-8") if source.is_file() else "")
        changed, found = pattern.subn(edit, text)
        if found == 1:
            files[path] = changed
        elif count > 1:
            raise StackError(f"{INSTANCES_VARIABLE} is {count}, and {path} has no place for it")
    return files


def _followed(found: re.Match[str]) -> str:
    """Return two lines for all of them: docs/production.md, "Several instances"."""
    # What is included has `server api:8000 resolve fail_timeout=30s;` (docker-compose.yml), or
    # single addresses while containers are replaced.
    again = f"server {found[2]} resolve backup max_fails=0;"
    indent, lines = found[1], (_RESOLVER, "include /run/nginx/instances.conf;", again)
    return "".join(f"{indent}{line}\n" for line in lines)


def _named_targets(found: re.Match[str], names: Sequence[str], project: str) -> str:
    indent, port, labels = found.groups()
    return "".join(
        f'{indent}- targets: ["{project}-{MANIFOLD}-{number}:{port}"]\n'
        f'{indent}  labels: {{{labels}, instance: "{name}:{port}"}}\n'
        for number, name in enumerate(names, 1)
    )


def _servers(found: re.Match[str], names: Sequence[str]) -> str:
    """Return two lines for each: docs/production.md, "Several instances"."""
    indent, (_, port) = found[1], found[2].split(":")
    own = [f"{indent}server {name}:{port} fail_timeout=30s;\n" for name in names]
    again = [f"{indent}server {name}:{port} backup max_fails=0;\n" for name in names]
    return "".join(own + again)


def _targets(found: re.Match[str], names: Sequence[str]) -> str:
    port = found[1].partition(":")[2]
    quoted = (f'"{name}:{port}"' for name in names)
    return f"targets: [{', '.join(quoted)}]"


def _maximum(found: re.Match[str], count: int) -> str:
    return f"{found[1]}{int(found[2]) + (count - 1) * _CONNECTIONS}"
