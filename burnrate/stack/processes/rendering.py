"""docker-compose.yml turned into what runs on this machine."""

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from burnrate.stack.addresses import AddressMap
from burnrate.stack.compose.model import Compose, Service
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout
from burnrate.stack.processes.definitions import PARTS, Part
from burnrate.stack.processes.programs import (
    find_postgres_program,
    find_python_program,
    find_system_program,
    grafana_home,
)
from burnrate.stack.render import renderer as render

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class PlannedPart:
    """One part, ready to be started."""

    name: str
    part: Part
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    user: str | None
    temporary_directories: tuple[Path, ...]  # emptied at each start
    depends_on: tuple[str, ...]
    stop_signal: str
    grace_seconds: float
    files: Mapping[Path, bytes]

    @property
    def digest(self) -> str:
        """A fingerprint of all that would make a restart differ."""
        words = [*self.arguments, *(f"{k}={v}" for k, v in sorted(self.environment.items()))]
        names = [f"{path}\0".encode() + content for path, content in sorted(self.files.items())]
        return render.digest("\0".join(words).encode(), *names)


@dataclass(frozen=True)
class MissingPart:
    """A part that cannot run here, and what that costs."""

    name: str
    reason: str
    is_optional: bool = True
    is_worth_saying: bool = True


@dataclass(frozen=True)
class Plan:
    """The whole stack on this machine, in no particular order."""

    parts: Mapping[str, PlannedPart]
    missing: tuple[MissingPart, ...]


def missing_packages(compose: Compose) -> list[str]:
    """Return the Debian packages of parts that must run here and whose program is not found."""
    wanted = {name: PARTS[name] for name in compose.services if name in PARTS}
    return sorted(
        part.package
        for name, part in wanted.items()
        if part.package is not None and _find(name, part, None) is None
    )


def make_plan(layout: Layout, compose: Compose, addresses: AddressMap) -> Plan:
    """Return what to run; raises StackError where the compose file asks for the impossible."""
    programs: dict[str, Path] = {}
    missing = []
    for name, service in compose.services.items():
        part = PARTS.get(name)
        if part is None:
            missing.append(MissingPart(name, "containers only", is_worth_saying=False))
        elif program := _find(name, part, data_version(layout, service)):
            programs[name] = program
        elif part.package is None and part.cost:
            cost = part.cost.format(logs=_short(layout.logs))
            missing.append(MissingPart(name, f"not installed: {cost}"))
        else:
            remedy = "burnrate stack install" if part.package else "make clean, then make up"
            reason = f"not installed: {remedy}"
            missing.append(MissingPart(name, reason, is_optional=False))
    absent = frozenset(part.name for part in missing)
    planner = _Planner(layout, compose, addresses, absent)
    return Plan(
        {name: planner.plan(name, program) for name, program in programs.items()}, tuple(missing)
    )


@dataclass(frozen=True)
class _Planner:
    layout: Layout
    compose: Compose
    addresses: AddressMap
    absent: frozenset[str]

    def plan(self, name: str, program: Path) -> PlannedPart:
        service, part = self.compose.services[name], PARTS[name]
        path_map, mounted = self._mounts(name, service, part)
        renderer = render.Renderer(name, self.addresses, path_map, self.absent)
        return PlannedPart(
            name=name,
            part=part,
            arguments=(str(program), *self._arguments(service, part, program, renderer)),
            environment=self._environment(name, service, part, renderer),
            directory=self.layout.checkout if part.is_python else self.layout.run / name,
            user=part.user if os.geteuid() == 0 else None,
            temporary_directories=tuple(
                path_map.paths[path] for path in service.temporary_directories
            ),
            depends_on=tuple(n for n in service.depends_on if n not in self.absent),
            stop_signal=_signal_name(service.stop_signal or part.stop_signal),
            grace_seconds=service.stop_grace_period,
            files={path: renderer.file(source) for path, source in mounted.items()},
        )

    def _mounts(
        self, name: str, service: Service, part: Part
    ) -> tuple[render.PathMap, dict[Path, Path]]:
        """Return the part's path map, and rendered file -> file of the tree."""
        paths: dict[str, Path] = {}
        folders: dict[str, Path] = {}
        mounted: dict[Path, Path] = {}
        for granted in service.secrets:
            paths[granted.path] = self.layout.bound(self.compose.secrets[granted.source].file)
        for target in service.temporary_directories:
            paths[target] = self.layout.run / name / target.strip("/").replace("/", "-")
        for mount in service.volumes:
            if mount.type != "bind" or mount.source is None:
                continue
            source = self.layout.bound(mount.source)
            if source.is_relative_to(self.layout.state):
                paths[mount.target] = source
            elif source.is_relative_to(self.layout.checkout):
                relative = source.relative_to(self.layout.checkout).as_posix()
                source = self.layout.checkout / part.instead.get(relative, relative)
                etc = self.layout.etc / name
                paths[mount.target] = render.place(etc, name, mount.target)
                if source.is_file():
                    folder = mount.target.rpartition("/")[0]
                    folders[folder] = render.place(etc, name, folder)
                for file, target in render.mounted_files(source, mount.target):
                    mounted[render.place(etc, name, target)] = file
            else:
                paths[mount.target] = source
        return render.PathMap(paths, folders), mounted

    def _arguments(
        self, service: Service, part: Part, program: Path, renderer: render.Renderer
    ) -> list[str]:
        words = [*(service.entrypoint or []), *(service.command or [])]
        # Most images have the program as their entry point; else the file names it first.
        if words and Path(words[0]).name == part.program:
            words = words[1:]
        values = {**self._values(), "grafana_home": str(grafana_home(program))}
        subcommand = (word.format_map(values) for word in part.subcommand)
        words = [*subcommand, *(renderer.text(word) for word in words)]
        root_options = part.root_options if os.geteuid() == 0 else ()
        for flag, value in (*part.options, *root_options):
            words = with_option(words, flag, value.format_map(values))
        return words

    def _environment(
        self, name: str, service: Service, part: Part, renderer: render.Renderer
    ) -> dict[str, str]:
        given = {k: renderer.text(v) for k, v in service.environment.items() if v is not None}
        if lost := [
            variable for variable, value in given.items() if value and part.is_lost(variable)
        ]:
            raise StackError(
                f"docker-compose.yml: {name}: {lost[0]} is read by the image's entry script and "
                f"not by {part.program}, so that a process would never see it"
            )
        given = with_split_addresses(given, self.addresses)
        own = {k: v.format_map(self._values()) for k, v in part.environment.items()}
        return {**self._base_environment(name, service, part), **given, **own}

    def _base_environment(self, name: str, service: Service, part: Part) -> dict[str, str]:
        # Nothing of the caller's: `up` from another shell must find nothing changed.
        base = {
            "PATH": f"{sys.prefix}/bin:{_SYSTEM_PATH}",
            "HOME": str(self.layout.run / name),
            "LANG": "C.UTF-8",
        }
        if part.is_python:
            base["PYTHONUNBUFFERED"] = "1"
        # A container's /tmp is its own and starts empty.
        if "/tmp" in service.temporary_directories:  # noqa: S108
            base["TMPDIR"] = str(self.layout.run / name / "tmp")
        # Spans with nowhere to go would only be a failed export every few seconds.
        if "tempo" in self.absent and "OTEL_EXPORTER_OTLP_ENDPOINT" in service.environment:
            base["OTEL_TRACES_EXPORTER"] = "none"
        return base

    def _values(self) -> dict[str, str]:
        ports = {e.variable.lower(): str(port) for e, port in self.addresses.ports.items()}
        return {**ports, "logs": str(self.layout.logs)}


def data_version(layout: Layout, service: Service) -> str | None:
    """Return the version of PostgreSQL that made the service's data, if it has any."""
    cluster = cluster_directory(layout, service)
    marker = cluster / "PG_VERSION" if cluster else None
    return marker.read_text(encoding="ascii").strip() if marker and marker.exists() else None


def cluster_directory(layout: Layout, service: Service) -> Path | None:
    """Return where the service's PGDATA is on this machine; None if it is no PostgreSQL."""
    inside = service.environment.get("PGDATA")
    if inside is None:
        return None
    paths = {
        mount.target: layout.bound(mount.source)
        for mount in service.volumes
        if mount.type == "bind" and mount.source is not None
    }
    return Path(render.PathMap(paths).translate(inside))


def with_option(words: list[str], flag: str, value: str) -> list[str]:
    """Return arguments in which `flag` has `value`; `-c` may stand many times, the last wins."""
    if flag == "-c":
        return [*words, flag, value]
    result = list(words)
    for index, word in enumerate(words):
        if word == flag and index + 1 < len(words):
            result[index + 1] = value
            return result
        if word.startswith(f"{flag}="):
            result[index] = f"{flag}={value}"
            return result
    return [*result, flag, value] if flag.startswith("--") else [*result, f"{flag}={value}"]


def with_split_addresses(environment: Mapping[str, str], addresses: AddressMap) -> dict[str, str]:
    """Translate pairs like DATABASE_HOST and DATABASE_PORT, which name an address in two."""
    result = dict(environment)
    for name, value in environment.items():
        stem = name.removesuffix("_HOST")
        port = environment.get(f"{stem}_PORT")
        if stem == name or port is None or not port.isdigit():
            continue
        host, _, moved = addresses.translate(f"{value}:{port}", "").rpartition(":")
        result[name], result[f"{stem}_PORT"] = host, moved
    return result


def _find(name: str, part: Part, version: str | None) -> Path | None:
    if part.is_python:
        return find_python_program(part.program)
    if name == "postgres":
        return find_postgres_program(part.program, version)
    return find_system_program(part.program)


def _signal_name(name: str) -> str:
    try:
        return signal.Signals[f"SIG{name.upper().removeprefix('SIG')}"].name.removeprefix("SIG")
    except KeyError as error:
        raise StackError(f"docker-compose.yml: stop_signal {name!r} is no signal") from error


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
