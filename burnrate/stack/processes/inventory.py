"""What of the stack can run on this machine, and what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from burnrate.stack.addresses import RELAYS, kind_of
from burnrate.stack.compose import Compose
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout
from burnrate.stack.processes.definitions import DEFINITIONS, ProcessDefinition
from burnrate.stack.processes.programs import (
    find_postgres_program,
    find_python_program,
    find_system_program,
)
from burnrate.stack.render import find_mounts


@dataclass(frozen=True)
class MissingPart:
    """A part that cannot run here.

    Attributes:
        reason: Why, and what that costs or what helps: `not installed: no dashboards`.
        is_optional: Whether the stack runs without it.
        is_worth_saying: Whether a start names it.
        target: What Prometheus cannot ask without it; None for the part's own addresses.
    """

    name: str
    reason: str
    is_optional: bool = True
    is_worth_saying: bool = True
    target: str | None = None


@dataclass(frozen=True)
class Inventory:
    """The parts of the compose file: each one's program, or why it has none."""

    programs: Mapping[str, Path]
    missing: tuple[MissingPart, ...]

    @property
    def absent(self) -> frozenset[str]:
        """The names of the parts that cannot run here."""
        return frozenset(part.name for part in self.missing)

    @property
    def absent_targets(self) -> frozenset[str]:
        """Parts, and addresses of parts, that Prometheus cannot ask here."""
        return frozenset(
            part.name if part.target is None else part.target
            for part in self.missing
            if part.name not in RELAYS
        )

    def check(self) -> None:
        """Raise StackError if a part is missing without which there is no stack."""
        for part in self.missing:
            if not part.is_optional:
                raise StackError(f"{part.name} {part.reason}")


def take_inventory(layout: Layout, compose: Compose) -> Inventory:
    """Look for the program of each part."""
    programs: dict[str, Path] = {}
    missing = []
    for name in compose.parts:
        definition = DEFINITIONS.get(kind_of(name))
        if definition is None:
            missing.append(MissingPart(name, "containers only", is_worth_saying=False))
        elif program := _find(name, definition, data_version(layout, compose, name)):
            programs[name] = program
            missing += _missing_modules(definition)
        else:
            missing.append(_not_installed(name, definition, layout))
    return Inventory(programs, tuple(missing))


def missing_module_packages(compose: Compose) -> list[str]:
    """Return the Debian packages of modules that are not installed, and that no part needs."""
    definitions = (DEFINITIONS[name] for name in compose.parts if name in DEFINITIONS)
    return [missing.name for each in definitions for missing in _missing_modules(each)]


def missing_packages(compose: Compose) -> list[str]:
    """Return the Debian packages of parts that must run here and whose program is not found."""
    wanted = {name: DEFINITIONS[name] for name in compose.parts if name in DEFINITIONS}
    return sorted(
        definition.package
        for name, definition in wanted.items()
        if definition.package is not None and _find(name, definition, None) is None
    )


def data_version(layout: Layout, compose: Compose, part: str) -> str | None:
    """Return the version of PostgreSQL that made the part's data; None without such data."""
    cluster = cluster_directory(layout, compose, part)
    marker = cluster / "PG_VERSION" if cluster else None
    return marker.read_text(encoding="ascii").strip() if marker and marker.exists() else None


def cluster_directory(layout: Layout, compose: Compose, part: str) -> Path | None:
    """Return where the part's PGDATA is on this machine; None if it is no PostgreSQL."""
    inside = compose.parts[part].environment.get("PGDATA")
    if inside is None:
        return None
    return Path(find_mounts(layout, compose, part).paths.translate(inside))


def _missing_modules(definition: ProcessDefinition) -> list[MissingPart]:
    module = definition.module
    if module is None or module.file.exists():
        return []
    return [MissingPart(module.package, f"not installed: {module.cost}", target=module.target)]


def _not_installed(name: str, definition: ProcessDefinition, layout: Layout) -> MissingPart:
    if definition.package is None and definition.cost:
        cost = definition.cost.format(logs=_short(layout.logs))
        return MissingPart(name, f"not installed: {cost}")
    remedy = "burnrate stack install" if definition.package else "make clean, then make up"
    return MissingPart(name, f"not installed: {remedy}", is_optional=False)


def _find(name: str, definition: ProcessDefinition, version: str | None) -> Path | None:
    if definition.is_python:
        return find_python_program(definition.program)
    if name == "postgres":
        return find_postgres_program(definition.program, version)
    return find_system_program(definition.program)


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
